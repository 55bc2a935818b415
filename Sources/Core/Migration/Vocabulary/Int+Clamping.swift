extension Int {
    /// The nearest whole number, at the bounds of `Int` beyond them, and 0 for what is no number: rates and amounts come
    /// from outside systems and files, of any size.
    public init(clamping number: Double) {
        let rounded = number.rounded()
        self = Int(exactly: rounded) ?? (rounded.isNaN ? 0 : rounded < 0 ? .min : .max)
    }
}
