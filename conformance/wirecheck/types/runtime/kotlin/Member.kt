package wirecheck

/** A member of an object that may be absent, may be null, and may have a value. */
sealed interface Member<out T> {
    /** It is not there. */
    data object Absent : Member<Nothing>

    /** It is there; null in Kotlin is null in JSON. */
    data class Present<out T>(
        val value: T,
    ) : Member<T>
}
