/// What a test's support needed and did not get. Thrown, so that it ends a test as `#require` does, and a program too.
package struct Requirement: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

package func require(_ condition: Bool, _ otherwise: @autoclosure () -> String) throws {
    guard condition else { throw Requirement(otherwise()) }
}

package func require<Value>(_ value: Value?, _ otherwise: @autoclosure () -> String) throws -> Value {
    guard let value else { throw Requirement(otherwise()) }
    return value
}
