import FlashAccess
import FlashModel

/// The FIS directory as it is on flash (`redboot/current/include/fis.h`, struct fis_image_desc; `flash.c`).
///
/// It has slots of 256 bytes and no checksum. It is believed if it lists itself at the address where it was read, which
/// also shows its byte order.
package struct RedBootDirectory: Sendable, Hashable {
    /// An image.
    package struct Entry: Sendable, Hashable {
        /// The number of its slot, from 0.
        package let slot: Int
        package let name: String
        package let flashAddress: UInt64
        package let memoryAddress: UInt64
        /// The size on flash in bytes.
        package let size: UInt64
        package let entryPoint: UInt64
        /// The number of bytes over which ``fileChecksum`` is; 0 if there is none.
        package let dataLength: UInt64
        /// The checksum of the data; 0 if there is none. See ``RedBootDirectory/checksum(of:)``.
        package let fileChecksum: UInt32
    }

    /// The mark of a directory that has a second copy (CYGOPT_REDBOOT_REDUNDANT_FIS): whether it is complete, and how
    /// often it was written.
    package struct Mark: Sendable, Hashable {
        /// nil if the flags are neither those of a complete directory nor of one that is being written.
        package let isComplete: Bool?
        package let version: UInt32
    }

    /// The name of the entry for the directory itself.
    package static let ownName = "FIS directory"
    /// The name of the entry for the second copy.
    package static let copyName = "Redundant FIS"
    /// The name in the slot of the ``Mark``.
    static let markName = ".FisValid"
    /// The bytes per slot.
    package static let slotSize = 256

    package let order: RedBootByteOrder
    package private(set) var entries: [Entry] = []
    /// The number of slots whose image was deleted.
    package private(set) var deletedSlots = 0
    /// nil if there is no second copy.
    package private(set) var mark: Mark?

    /// - Parameters:
    ///   - bytes: of the directory; at most as many as its own entry says are used.
    ///   - address: where it was read.
    package init?(_ bytes: [UInt8], at address: UInt64) {
        let slots = stride(from: 0, to: bytes.count - bytes.count % Self.slotSize, by: Self.slotSize).map {
            bytes[$0..<$0 + Self.slotSize]
        }
        var found: (order: RedBootByteOrder, size: UInt32)?
        // A second copy has the same entries as the first, and is where its own name says.
        let names = [Self.ownName, Self.copyName].map { ByteText($0) }
        for slot in slots where Self.name(slot).map({ names.contains($0) }) == true {
            for order in RedBootByteOrder.allCases where found == nil {
                guard let base = order.word(slot, at: 16), UInt64(base) == address,
                    let size = order.word(slot, at: 24), size >= UInt32(Self.slotSize)
                else { continue }
                found = (order, size)
            }
        }
        guard let found else { return nil }
        order = found.order
        for (number, slot) in slots.prefix(Int(found.size) / Self.slotSize).enumerated() {
            take(slot, number)
        }
    }

    private mutating func take(_ slot: ArraySlice<UInt8>, _ number: Int) {
        // A slot that was never used, or whose image was deleted.
        guard slot.first != 0xFF else {
            if slot.contains(where: { $0 != 0xFF }) { deletedSlots += 1 }
            return
        }
        let flags = slot.dropFirst(10).prefix(2)
        if number == 0, slot.starts(with: Array(Self.markName.utf8) + [0]), let version = order.word(slot, at: 12) {
            let isComplete: Bool? =
                flags.allSatisfy { $0 == 0xA5 } ? true : flags.allSatisfy { $0 == 0xFD } ? false : nil
            mark = Mark(isComplete: isComplete, version: version)
            return
        }
        let words = [16, 20, 24, 28, 32, 252].compactMap { order.word(slot, at: $0) }
        guard words.count == 6, let name = Self.name(slot), !name.isEmpty else { return }
        entries.append(
            Entry(
                slot: number, name: name.name(), flashAddress: UInt64(words[0]), memoryAddress: UInt64(words[1]),
                size: UInt64(words[2]), entryPoint: UInt64(words[3]), dataLength: UInt64(words[4]),
                fileChecksum: words[5]))
    }

    /// The one of two copies that RedBoot uses: it writes them in turn, and the entries keep their addresses
    /// (`flash.c`, fis_get_valid_buf and fis_start_update_directory).
    ///
    /// - Parameters:
    ///   - first: the directory at the address of the entry ``ownName``; nil if it is none.
    ///   - second: that at the address of the entry ``copyName``.
    package static func valid(_ first: RedBootDirectory?, _ second: RedBootDirectory?) -> RedBootDirectory? {
        guard let second, let other = second.mark else { return first }
        guard let first, let mark = first.mark else { return second }
        guard other.isComplete == true else { return first }
        guard mark.isComplete == true else { return second }
        // The count is in the order of the processor, whatever that of the words is (fis_endian_fixup).
        let isNext =
            other.version == mark.version &+ 1 || other.version.byteSwapped == mark.version.byteSwapped &+ 1
        return isNext ? second : first
    }

    /// The name: at most 15 bytes, ended by a zero; nil if there is none.
    private static func name(_ slot: ArraySlice<UInt8>) -> ByteText? {
        let field = slot.prefix(16)
        guard let end = field.firstIndex(of: 0) else { return nil }
        return ByteText(field[..<end])
    }

    /// The checksum that RedBoot keeps of images and of its configuration: a CRC-32 without the inversions at its start
    /// and end (eCos `services/crc/current/src/crc32.c`, cyg_crc32).
    package static func checksum(of bytes: some Collection<UInt8>) -> UInt32 {
        CRC32.sum(of: bytes) ^ CRC32.sum(repeating: 0, count: bytes.count)
    }
}
