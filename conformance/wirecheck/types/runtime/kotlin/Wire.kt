package wirecheck

import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import java.math.BigDecimal

/** How a type is read and written. */
internal class Form<T>(
    val read: (JsonElement, Path) -> T,
    val write: (T) -> JsonElement,
)

/** A frame's reader, and what its type does not say: the first thing that is wrong with a message, or null. */
internal class Variant<out F>(
    private val read: (JsonElement, Path) -> F,
    private val check: (JsonObject) -> String?,
) {
    fun read(
        message: JsonObject,
        strict: Boolean,
    ): F {
        val frame = read(message, Path.ROOT)
        val problem = if (strict) Wire.problem(check) { message } else null
        if (problem != null) {
            throw DecodeException("", problem)
        }
        return frame
    }
}

/** A place in a message. */
internal class Path private constructor(
    private val parent: Path?,
    private val step: String,
) {
    fun below(name: String) = Path(this, name)

    fun expected(
        wanted: String,
        value: JsonElement,
    ) = DecodeException(toString(), "expected $wanted, found ${said(value)}")

    override fun toString(): String =
        generateSequence(this) { it.parent }
            .filter { it.parent != null }
            .map { "/" + it.step.replace("~", "~0").replace("/", "~1") }
            .toList()
            .asReversed()
            .joinToString("")

    private fun said(value: JsonElement): String =
        when (value) {
            is JsonObject -> "an object"
            is JsonArray -> "an array"
            is JsonPrimitive -> value.toString().let { if (it.length > 60) it.take(60) + "…" else it }
        }

    companion object {
        val ROOT = Path(null, "")
    }
}

/** Reads an object, a member at a time. */
internal class In(
    value: JsonElement,
    private val at: Path,
) {
    private val left = LinkedHashMap(value as? JsonObject ?: throw at.expected("an object", value))

    fun tag(name: String) {
        left.remove(name)
    }

    fun <T> required(
        name: String,
        form: Form<T>,
    ): T {
        val value = left.remove(name) ?: throw DecodeException(at.toString(), "the member \"$name\" is missing")
        return form.read(value, at.below(name))
    }

    fun <T> optional(
        name: String,
        form: Form<T>,
    ): T? = left.remove(name)?.let { form.read(it, at.below(name)) }

    fun <T> member(
        name: String,
        form: Form<T>,
    ): Member<T> = left.remove(name)?.let { Member.Present(form.read(it, at.below(name))) } ?: Member.Absent

    /** The members that nothing has read. */
    fun others(): Map<String, JsonElement> = left
}

/** Writes an object, a member at a time. */
internal class Out {
    private val members = LinkedHashMap<String, JsonElement>()

    fun tag(
        name: String,
        value: String,
    ) {
        members[name] = JsonPrimitive(value)
    }

    fun <T> required(
        name: String,
        form: Form<T>,
        value: T,
    ) {
        members[name] = form.write(value)
    }

    fun <T : Any> optional(
        name: String,
        form: Form<T>,
        value: T?,
    ) {
        if (value != null) {
            members[name] = form.write(value)
        }
    }

    fun <T> member(
        name: String,
        form: Form<T>,
        member: Member<T>,
    ) {
        if (member is Member.Present) {
            members[name] = form.write(member.value)
        }
    }

    fun with(others: Map<String, JsonElement>): JsonObject {
        for ((name, value) in others) {
            require(name !in members) { "the member \"$name\" is there twice" }
            members[name] = value
        }
        return JsonObject(members)
    }
}

/** How messages are read from JSON and written to it: nothing is converted, nothing is lost. */
internal object Wire {
    private const val DEEPEST = 500
    private const val LONGEST_NUMBER = 1_000
    private const val EXACT = 9_007_199_254_740_992.0
    private val LITERAL = Regex("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?|true|false|null")

    val ANY: (JsonObject) -> String? = { null }
    val ANYTHING = Form<JsonElement>({ value, _ -> value }, { it })
    val TEXT = Form(::text) { JsonPrimitive(it) }
    val WHOLE = Form(::whole) { JsonPrimitive(it) }
    val NUMBER = Form(::double, ::ofDouble)
    val FLAG = Form(::flag) { JsonPrimitive(it) }

    fun <T : Any> nullable(form: Form<T>): Form<T?> =
        Form(
            { value, at -> if (value is JsonNull) null else form.read(value, at) },
            { if (it == null) JsonNull else form.write(it) },
        )

    fun <T> list(form: Form<T>): Form<List<T>> =
        Form(
            { value, at ->
                val array = value as? JsonArray ?: throw at.expected("an array", value)
                array.mapIndexed { index, item -> form.read(item, at.below("$index")) }
            },
            { list -> JsonArray(list.map(form.write)) },
        )

    fun <T> table(form: Form<T>): Form<Map<String, T>> =
        Form(
            { value, at -> In(value, at).others().mapValues { (name, item) -> form.read(item, at.below(name)) } },
            { map -> JsonObject(map.mapValues { (_, item) -> form.write(item) }) },
        )

    /** Of texts that stand for values. */
    fun <T : Any> choice(
        values: Map<String, T>,
        wire: (T) -> String,
    ): Form<T> =
        Form(
            { value, at ->
                val found = (value as? JsonPrimitive)?.takeIf { it.isString }?.let { values[it.content] }
                found ?: throw at.expected(if (values.size > 20) "a known text" else "one of ${values.keys}", value)
            },
            { JsonPrimitive(wire(it)) },
        )

    /**
     * The frame that a text is. [tagged] gives the variant of a tag, or null; it is itself null where no frame has a
     * tag. [untagged] is null where there is no such frame.
     */
    fun <F> decode(
        text: String,
        strict: Boolean,
        tag: String,
        tagged: ((String) -> Variant<F>?)?,
        untagged: Variant<F>?,
        unknown: (String, JsonObject) -> F,
    ): F {
        val value = parse(text)
        val message = value as? JsonObject ?: throw Path.ROOT.expected("an object", value)
        val said = if (tagged == null) null else message[tag]
        if (tagged == null || said == null) {
            val variant = untagged ?: throw DecodeException("", "the member \"$tag\" is missing")
            return variant.read(message, strict)
        }
        val at = Path.ROOT.below(tag)
        val name = text(said, at)
        val variant = tagged(name)
        return when {
            variant != null -> variant.read(message, strict)
            strict -> throw at.expected("a known tag", said)
            else -> unknown(name, message)
        }
    }

    /** What a check says of a message that a program made, which may have what no message can. */
    fun problem(
        check: (JsonObject) -> String?,
        message: () -> JsonObject,
    ): String? =
        try {
            check(message())
        } catch (error: IllegalArgumentException) {
            error.message
        }

    /** JSON and nothing else: the library takes words without quotes, and control characters, for strings. */
    private fun parse(text: String): JsonElement {
        look(text)
        return try {
            Json.parseToJsonElement(text)
        } catch (error: SerializationException) {
            throw DecodeException("", "this is no JSON: ${error.message?.lineSequence()?.first()}")
        }
    }

    private fun look(text: String) {
        var at = 0
        var depth = 0
        while (at < text.length) {
            when (text[at]) {
                ' ', '\t', '\n', '\r', ',', ':' -> {
                    at++
                }

                '{', '[' -> {
                    at++
                    if (++depth > DEEPEST) {
                        throw DecodeException("", "objects and arrays are nested more than $DEEPEST deep")
                    }
                }

                '}', ']' -> {
                    at++
                    depth--
                }

                '"' -> {
                    at = behindString(text, at)
                }

                else -> {
                    at = behindLiteral(text, at)
                }
            }
        }
    }

    private fun behindString(
        text: String,
        start: Int,
    ): Int {
        var at = start + 1
        while (at < text.length && text[at] != '"') {
            if (text[at] < ' ') {
                throw DecodeException("", "this is no JSON: a control character in a string, at $at")
            }
            at += if (text[at] == '\\') 2 else 1
        }
        return at + 1
    }

    private fun behindLiteral(
        text: String,
        start: Int,
    ): Int {
        var at = start
        while (at < text.length && text[at] !in " \t\n\r,:{}[]\"") {
            at++
        }
        if (at - start > LONGEST_NUMBER || !LITERAL.matches(text.substring(start, at))) {
            val word = text.substring(start, minOf(at, start + 60))
            throw DecodeException("", "this is no JSON, or a number of more than $LONGEST_NUMBER digits: $word, at $start")
        }
        return at
    }

    private fun text(
        value: JsonElement,
        at: Path,
    ): String = (value as? JsonPrimitive)?.takeIf { it.isString }?.content ?: throw at.expected("a string", value)

    /** An integer of 64 bits; `1.0` is one. */
    private fun whole(
        value: JsonElement,
        at: Path,
    ): Long {
        val number = decimal(value)?.stripTrailingZeros()
        // Looked at before it is written out, which would take room for as many zeros as it has.
        if (number != null && number.scale() <= 0 && number.precision() - number.scale().toLong() <= 19) {
            try {
                return number.longValueExact()
            } catch (error: ArithmeticException) {
                throw at.expected("an integer of 64 bits", value)
            }
        }
        throw at.expected("an integer of 64 bits", value)
    }

    private fun double(
        value: JsonElement,
        at: Path,
    ): Double =
        literal(value)?.toDoubleOrNull()?.takeIf { it.isFinite() }
            ?: throw at.expected("a number that a double can hold", value)

    private fun ofDouble(value: Double): JsonElement {
        require(value.isFinite()) { "$value is no number in JSON" }
        val isWhole = value == Math.rint(value) && Math.abs(value) < EXACT
        return if (isWhole) JsonPrimitive(value.toLong()) else JsonPrimitive(value)
    }

    private fun flag(
        value: JsonElement,
        at: Path,
    ): Boolean =
        when ((value as? JsonPrimitive)?.takeIf { !it.isString }?.content) {
            "true" -> true
            "false" -> false
            else -> throw at.expected("true or false", value)
        }

    /** A number's text. */
    private fun literal(value: JsonElement): String? =
        (value as? JsonPrimitive)?.takeIf { !it.isString }?.content?.takeIf { it[0] == '-' || it[0] in '0'..'9' }

    /** The number that a value is; null for what is none, and for one whose exponent nothing can hold. */
    fun decimal(value: JsonElement): BigDecimal? = literal(value)?.toBigDecimalOrNull()
}
