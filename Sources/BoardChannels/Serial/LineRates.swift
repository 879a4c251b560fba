/// The rates that boards' consoles have.
package enum LineRates {
    /// Bits a second, the most common ones first: 115200 of nearly all, 57600 of Ralink and MediaTek, 38400 of Realtek
    /// and Broadcom, 9600 of old Cisco and of a UART that was never set up; 1500000 of Rockchip.
    package static let common = [
        115_200, 57_600, 38_400, 9_600, 19_200, 230_400, 460_800, 921_600, 1_500_000, 1_000_000, 3_000_000,
    ]
}
