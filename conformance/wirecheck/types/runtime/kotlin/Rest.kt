package wirecheck

import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.boolean
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import java.math.BigDecimal
import java.math.BigInteger
import java.util.concurrent.ConcurrentHashMap
import java.util.regex.Pattern
import java.util.regex.PatternSyntaxException

/**
 * What the types do not say of a message: a JSON Schema, of the keywords that are looked at here. Its text comes in
 * parts, since a class takes no long one.
 */
internal class Rest(
    vararg text: String,
) : (JsonObject) -> String? {
    private val schema = Json.parseToJsonElement(text.joinToString(""))
    private val patterns = ConcurrentHashMap<String, Pattern>()

    override fun invoke(message: JsonObject): String? = problem(schema, message, Path.ROOT)

    /** What is wrong with a value, or null. */
    private fun problem(
        rule: JsonElement,
        value: JsonElement,
        at: Path,
    ): String? =
        if (rule is JsonObject) {
            rule.entries.firstNotNullOfOrNull { (word, wanted) -> problem(word, wanted, rule, value, at) }
        } else if (rule.jsonPrimitive.boolean) {
            null
        } else {
            said(at, "nothing is allowed here")
        }

    private fun problem(
        word: String,
        wanted: JsonElement,
        rule: JsonObject,
        value: JsonElement,
        at: Path,
    ): String? =
        when (word) {
            "items" -> {
                val items = value as? JsonArray ?: JsonArray(listOf())
                items.withIndex().firstNotNullOfOrNull { (index, item) -> problem(wanted, item, at.below("$index")) }
            }

            "properties" -> {
                val members = value as? JsonObject ?: JsonObject(mapOf())
                wanted.jsonObject.entries.firstNotNullOfOrNull { (name, inner) ->
                    members[name]?.let { problem(inner, it, at.below(name)) }
                }
            }

            "additionalProperties" -> {
                val named = rule["properties"]?.jsonObject ?: JsonObject(mapOf())
                val members = value as? JsonObject ?: JsonObject(mapOf())
                members.entries.firstNotNullOfOrNull { (name, inner) ->
                    if (name in named) null else problem(wanted, inner, at.below(name))
                }
            }

            "allOf" -> {
                wanted.jsonArray.firstNotNullOfOrNull { problem(it, value, at) }
            }

            "if" -> {
                rule["then"]?.takeIf { problem(wanted, value, at) == null }?.let { problem(it, value, at) }
            }

            else -> {
                if (holds(word, wanted, value, at)) null else said(at, "not as \"$word\" says")
            }
        }

    private fun said(
        at: Path,
        problem: String,
    ) = if (at === Path.ROOT) problem else "$at: $problem"

    private fun holds(
        word: String,
        wanted: JsonElement,
        value: JsonElement,
        at: Path,
    ): Boolean =
        when (word) {
            "type" -> if (wanted is JsonArray) wanted.any { isOf(it, value) } else isOf(wanted, value)
            "const" -> canonical(wanted) == canonical(value)
            "enum" -> canonical(value).let { own -> wanted.jsonArray.any { canonical(it) == own } }
            "minLength" -> compared(length(value), wanted) >= 0
            "maxLength" -> compared(length(value), wanted) <= 0
            "pattern" -> string(value)?.let { found(wanted.jsonPrimitive.content, it) } ?: true
            "minimum" -> compared(number(value), wanted) >= 0
            "maximum" -> compared(number(value), wanted) <= 0
            "exclusiveMinimum" -> number(value) == null || compared(number(value), wanted) > 0
            "exclusiveMaximum" -> number(value) == null || compared(number(value), wanted) < 0
            "multipleOf" -> number(value)?.let { isMultiple(it, BigDecimal(wanted.jsonPrimitive.content)) } ?: true
            "minItems" -> compared((value as? JsonArray)?.size?.toBigDecimal(), wanted) >= 0
            "maxItems" -> compared((value as? JsonArray)?.size?.toBigDecimal(), wanted) <= 0
            "uniqueItems" -> !wanted.jsonPrimitive.boolean || value !is JsonArray || areUnique(value)
            "required" -> value !is JsonObject || wanted.jsonArray.all { it.jsonPrimitive.content in value }
            "anyOf" -> wanted.jsonArray.any { problem(it, value, at) == null }
            "oneOf" -> wanted.jsonArray.count { problem(it, value, at) == null } == 1
            "not" -> problem(wanted, value, at) != null
            "then" -> true
            else -> error("unknown keyword: $word")
        }

    private fun found(
        pattern: String,
        text: String,
    ): Boolean {
        val made = patterns.computeIfAbsent(pattern, ::compiled)
        return try {
            made.matcher(Counted(text, intArrayOf(STEPS))).find()
        } catch (error: StackOverflowError) {
            throw IllegalArgumentException("a text is too long for the pattern $pattern", error)
        }
    }

    /** A text of which only so many characters are looked at: patterns may go back and forth. */
    private class Counted(
        private val text: String,
        private val left: IntArray,
    ) : CharSequence {
        override val length get() = text.length

        override fun get(index: Int): Char {
            require(--left[0] >= 0) { "a pattern takes too long" }
            return text[index]
        }

        override fun subSequence(
            startIndex: Int,
            endIndex: Int,
        ): CharSequence = Counted(text.substring(startIndex, endIndex), left)

        override fun toString() = text
    }

    private companion object {
        const val STEPS = 10_000_000

        fun string(value: JsonElement) = (value as? JsonPrimitive)?.takeIf { it.isString }?.content

        fun number(value: JsonElement) = Wire.decimal(value)

        /** How a number is to a bound; as the bound where there is none. */
        fun compared(
            number: BigDecimal?,
            bound: JsonElement,
        ) = number?.compareTo(BigDecimal(bound.jsonPrimitive.content)) ?: 0

        fun length(value: JsonElement) = string(value)?.let { it.codePointCount(0, it.length).toBigDecimal() }

        fun isOf(
            type: JsonElement,
            value: JsonElement,
        ): Boolean =
            when (type.jsonPrimitive.content) {
                "null" -> value is JsonNull
                "string" -> string(value) != null
                "number" -> number(value) != null
                "integer" -> number(value)?.let { it.stripTrailingZeros().scale() <= 0 } ?: false
                "array" -> value is JsonArray
                "object" -> value is JsonObject
                else -> value is JsonPrimitive && !value.isString && value.content in setOf("true", "false")
            }

        /** By integers, and never writing out the zeros of a number such as 1e999999. */
        fun isMultiple(
            value: BigDecimal,
            step: BigDecimal,
        ): Boolean {
            if (value.signum() == 0) {
                return true
            }
            val whole = value.stripTrailingZeros()
            val digits = whole.unscaledValue().abs()
            val divisor = step.unscaledValue().abs()
            val zeros = step.scale().toLong() - whole.scale()
            return if (zeros >= 0) {
                (digits * BigInteger.TEN.modPow(zeros.toBigInteger(), divisor)).mod(divisor).signum() == 0
            } else {
                -zeros <= whole.precision() &&
                    digits.mod(divisor * BigInteger.TEN.pow(-zeros.toInt())).signum() == 0
            }
        }

        fun areUnique(items: JsonArray): Boolean {
            val seen = HashSet<String>()
            return items.all { seen.add(canonical(it)) }
        }

        /** A text that just those values have which are equal: 1 and 1.0, objects in whatever order. */
        fun canonical(value: JsonElement): String =
            when (value) {
                is JsonObject -> {
                    value.entries
                        .sortedBy { it.key }
                        .joinToString(",", "{", "}") { (name, inner) -> "${JsonPrimitive(name)}:${canonical(inner)}" }
                }

                is JsonArray -> {
                    value.joinToString(",", "[", "]") { canonical(it) }
                }

                is JsonPrimitive -> {
                    number(value)?.stripTrailingZeros()?.let { "${it.unscaledValue()}e${-it.scale().toLong()}" } ?: "$value"
                }
            }

        fun compiled(pattern: String): Pattern =
            try {
                Pattern.compile(pattern)
            } catch (error: PatternSyntaxException) {
                throw IllegalArgumentException("Java does not take the pattern $pattern", error)
            }
    }
}
