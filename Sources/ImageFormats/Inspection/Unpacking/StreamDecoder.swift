/// One library's decoder of one stream.
protocol StreamDecoder {
    /// Decodes some of the input into the beginning of the output.
    mutating func step(_ input: ArraySlice<UInt8>, into output: inout [UInt8]) -> DecoderStep
}

struct DecoderStep {
    enum State {
        case more
        /// The stream is complete.
        case ended
        case damaged
        case unsupported
    }

    var consumed: Int
    var produced: Int
    var state: State
}
