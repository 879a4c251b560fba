/// Bit rates of board consoles.
package enum LineRates {
    /// Bits per second, most common first: 115200 on nearly all boards, 57600 on Ralink and MediaTek, 38400 on Realtek
    /// and Broadcom, 9600 on old Cisco and on UARTs that were never configured; 1500000 on Rockchip.
    package static let common = [
        115_200, 57_600, 38_400, 9_600, 19_200, 230_400, 460_800, 921_600, 1_500_000, 1_000_000, 3_000_000,
    ]
}
