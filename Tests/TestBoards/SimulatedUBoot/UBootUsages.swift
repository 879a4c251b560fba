/// The output of `help NAME` for the commands that write flash. From recordings: `erase`, `protect`, `cp` of U-Boot
/// 2023.01 on a Malta, `sf` of 2023.01 on a SABRE Lite, `nand` of 2026.07's sandbox, `mtd` of 2023.01 on a virtual ARM
/// board.
package enum UBootUsages {
    /// The output of `help NAME`; empty if it is not in this list.
    package static func text(_ command: String) -> String { texts[command] ?? "" }

    static let texts: [String: String] = [
        "cp": """
        cp - memory copy

        Usage:
        cp [.b, .w, .l, .q] source target count

        """,
        "erase": """
        erase - erase FLASH memory

        Usage:
        erase start end
            - erase FLASH from addr 'start' to addr 'end'
        erase start +len
            - erase FLASH from addr 'start' to the end of sect w/addr 'start'+'len'-1
        erase N:SF[-SL]
            - erase sectors SF-SL in FLASH bank # N
        erase bank N
            - erase FLASH bank # N
        erase all
            - erase all FLASH banks

        """,
        "protect": """
        protect - enable or disable FLASH write protection

        Usage:
        protect on  start end
            - protect FLASH from addr 'start' to addr 'end'
        protect on start +len
            - protect FLASH from addr 'start' to end of sect w/addr 'start'+'len'-1
        protect on  N:SF[-SL]
            - protect sectors SF-SL in FLASH bank # N
        protect on  bank N
            - protect FLASH bank # N
        protect on  all
            - protect all FLASH banks
        protect off start end
            - make FLASH from addr 'start' to addr 'end' writable
        protect off start +len
            - make FLASH from addr 'start' to end of sect w/addr 'start'+'len'-1 wrtable
        protect off N:SF[-SL]
            - make sectors SF-SL writable in FLASH bank # N
        protect off bank N
            - make FLASH bank # N writable
        protect off all
            - make all FLASH banks writable

        """,
        "sf": """
        sf - SPI flash sub-system

        Usage:
        sf probe [[bus:]cs] [hz] [mode]\t- init flash device on given SPI bus
        \t\t\t\t  and chip select
        sf read addr offset|partition len\t- read `len' bytes starting at
        \t\t\t\t          `offset' or from start of mtd
        \t\t\t\t\t  `partition'to memory at `addr'
        sf write addr offset|partition len\t- write `len' bytes from memory
        \t\t\t\t          at `addr' to flash at `offset'
        \t\t\t\t\t  or to start of mtd `partition'
        sf erase offset|partition [+]len\t- erase `len' bytes from `offset'
        \t\t\t\t\t  or from start of mtd `partition'
        \t\t\t\t\t `+len' round up `len' to block size
        sf update addr offset|partition len\t- erase and write `len' bytes from memory
        \t\t\t\t\t  at `addr' to flash at `offset'
        \t\t\t\t\t  or to start of mtd `partition'
        sf protect lock/unlock sector len\t- protect/unprotect 'len' bytes starting
        \t\t\t\t\t  at address 'sector'

        """,
        "spi": """
        spi spi usage:
          spi id
          spi sr read
          spi sr write <value>
          spi read <addr> <len>
          spi erase <offs> <len>
          spi write <offs> <hex_str_value>

        """,
        "nand": """
        nand - NAND sub-system

        Usage:
        nand info - show available NAND devices
        nand device [dev] - show or set current device
        nand read - addr off|partition size
        nand write - addr off|partition size
            read/write 'size' bytes starting at offset 'off'
            to/from memory address 'addr', skipping bad blocks.
        nand erase[.spread] [clean] off size - erase 'size' bytes from offset 'off'
            With '.spread', erase enough for given file size, otherwise,
            'size' includes skipped bad blocks.
        nand erase.part [clean] partition - erase entire mtd partition'
        nand erase.chip [clean] - erase entire chip'
        nand bad - show bad blocks

        """,
        "mtd": """
        mtd - MTD utils

        Usage:
        mtd - generic operations on memory technology devices

        mtd list
        mtd dump[.raw][.oob]                  <name>        [<off> [<size>]]
        mtd write[.raw][.oob][.dontskipff]    <name> <addr> [<off> [<size>]]
        mtd erase[.dontskipbad]               <name>        [<off> [<size>]]

        Specific functions:
        mtd bad                               <name>

        """,
    ]
}
