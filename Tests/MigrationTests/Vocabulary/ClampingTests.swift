import Migration
import Testing

@Suite("A number of any size")
struct ClampingTests {
    @Test(
        "is the nearest whole one, and stops at the bounds",
        arguments: [
            (0.4, 0), (0.5, 1), (-1.5, -2), (1e300, Int.max), (-1e300, Int.min), (.infinity, Int.max),
            (-.infinity, Int.min), (.nan, 0), (9_223_372_036_854_775_807, Int.max),
            (-9_223_372_036_854_775_808, Int.min),
        ])
    func clamped(_ number: Double, _ whole: Int) { #expect(Int(clamping: number) == whole) }
}
