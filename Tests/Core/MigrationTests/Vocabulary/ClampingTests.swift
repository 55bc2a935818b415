import Migration
import Testing

@Suite("A number of any size")
struct ClampingTests {
    @Test(
        "is the nearest whole one, and stops at the bounds",
        arguments: [
            (0.4, 0), (0.5, 1), (-1.5, -2), (1e300, Int.max), (-1e300, Int.min), (.infinity, Int.max),
            (-.infinity, Int.min), (.nan, 0), (9.3e18, Int.max),
            (-0x1p63, Int.min),
        ])
    func clamped(_ number: Double, _ whole: Int) { #expect(Int(clamping: number) == whole) }
}
