package wirecheck

/** What is wrong with the text of a message. [pointer]: where, as a JSON pointer; it is empty for the message itself. */
class DecodeException internal constructor(
    val pointer: String,
    problem: String,
) : Exception(if (pointer.isEmpty()) problem else "$pointer: $problem")
