import Foundation

/// The environment variables of rz itself, on which those of its children are based.
public enum InheritedEnvironment {
    public static var variables: [String: String] { ProcessInfo.processInfo.environment }
}
