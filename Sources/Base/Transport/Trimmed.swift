extension StringProtocol {
    /// Without the white space at both ends.
    var trimmed: String {
        let begin = drop(while: \.isWhitespace)
        return String(begin.prefix(begin.count - begin.reversed().prefix(while: \.isWhitespace).count))
    }
}
