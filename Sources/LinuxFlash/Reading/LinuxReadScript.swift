package import Transfers

/// The shell functions that send flash data in frames and compute checksums over ranges. Pure: text out.
///
/// They need a Bourne shell with `$(( ))` and `read`, and `dd`. Between frames, only `dd` and the commands in its pipe
/// are started, so that a small board spends little more time than reading takes.
package enum LinuxReadScript {
    /// What a frame function sends.
    package enum Source: Sendable {
        /// The bytes of the device.
        case data
        /// Pages with their OOB bytes, read by `nanddump` of mtd-utils.
        case pagesWithOOB
    }

    /// A function `NAME NODE BLOCKSIZE FIRST COUNT GROUP COUNTERS` that sends COUNT blocks from FIRST in frames of
    /// GROUP blocks; COUNTERS is the sysfs folder of the ECC counters, or `-`.
    ///
    /// - Parameters:
    ///   - word: the session's word, as typed.
    ///   - checksum: the command that computes a frame's checksum from a second read; nil for none.
    ///   - isDoubled: whether closing lines are sent twice.
    package static func frames(
        name: String, word: String, source: Source, encoding: InlineEncoding, toolbox: LinuxToolbox,
        checksum: String?, isDoubled: Bool
    ) -> String {
        let read: String
        switch source {
        case .data:
            read = "\(toolbox.invocation("dd")) if=\"$1\" bs=$2 skip=$i count=$n 2>/dev/null"
        case .pagesWithOOB:
            // The range has only good blocks; with `dumpbad`, positions are right whatever the tool thinks of a block.
            read =
                "\(toolbox.invocation("nanddump")) --bb=dumpbad --oob -q -s $(($i*$2)) -l $(($n*$2)) \"$1\" 2>/dev/null"
        }
        // Reports what was read, and the counters, since a line may have damaged the command.
        let closing = "echo \"@$W e $i $n $s $f $c $g $h $k|$1:$2:$6\""
        return """
            W=\(word)
            \(name)(){
            i=$3;z=$(($3+$4));f=-;c=-;g=-;h=-;k=
            while [ $i -lt $z ];do
            n=$5;[ $(($i+$n)) -gt $z ]&&n=$(($z-$i))
            [ "$6" = - ]||{ read f <"$6/ecc_failures";read c <"$6/corrected_bits";}
            echo "@$W b $i $n"
            \(encoding.command(read, toolbox.invocation))
            s=$?
            [ "$6" = - ]||{ read g <"$6/ecc_failures";read h <"$6/corrected_bits";}
            \(checksum.map { "k=$(\(read)|\($0))" } ?? ":")
            echo;\(closing)\(isDoubled ? ";\(closing)" : "")
            i=$(($i+$n))
            done
            echo "@$W d"\(isDoubled ? ";echo \"@$W d\"" : "")
            }
            """
    }

    /// A function `fkcat NODE BLOCKSIZE SKIP COUNT …` that writes ranges one after another, and a function
    /// `fksums TOOL NODE BLOCKSIZE SKIP COUNT …` that prints TOOL's output for each range.
    package static func ranges(toolbox: LinuxToolbox) -> String {
        let dd = toolbox.invocation("dd")
        return """
            fkcat(){
            d=$1;b=$2;shift 2
            while [ $# -gt 1 ];do \(dd) if="$d" bs=$b skip=$1 count=$2 2>/dev/null;shift 2;done
            }
            fksums(){
            t=$1;d=$2;b=$3;shift 3
            while [ $# -gt 1 ];do \(dd) if="$d" bs=$b skip=$1 count=$2 2>/dev/null|$t;shift 2;done
            }
            """
    }

    /// Ranges as `SKIP COUNT` pairs, in units of a block size that divides all their bounds.
    ///
    /// - Parameters:
    ///   - end: the end of the device, where the last range need not be a multiple of the block size.
    ///   - preferred: the block size to use if possible.
    /// - Returns: the block size and the pairs.
    package static func units(
        of ranges: [Range<Int>], end: Int, preferred: Int
    ) -> (blockSize: Int, pairs: [(skip: Int, count: Int)]) {
        var size = max(1, preferred)
        for range in ranges {
            size = greatestCommonDivisor(size, range.lowerBound)
            if range.upperBound != end { size = greatestCommonDivisor(size, range.upperBound) }
        }
        return (size, ranges.map { ($0.lowerBound / size, ($0.upperBound - $0.lowerBound + size - 1) / size) })
    }

    private static func greatestCommonDivisor(_ first: Int, _ second: Int) -> Int {
        var (first, second) = (first, second)
        while second != 0 { (first, second) = (second, first % second) }
        return first
    }
}
