import Migration

/// One value for each color.
struct ByColor<Value> {
    var blue: Value
    var green: Value

    init(both value: Value) {
        blue = value
        green = value
    }

    subscript(color: Color) -> Value {
        get { color == .blue ? blue : green }
        set { if color == .blue { blue = newValue } else { green = newValue } }
    }
}

extension ByColor: Sendable where Value: Sendable {}
extension ByColor: Equatable where Value: Equatable {}
extension ByColor: Hashable where Value: Hashable {}
