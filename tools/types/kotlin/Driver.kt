package driver

import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.boolean
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.put
import java.io.PrintStream

/** The name of the frame's type, its text again, and whether its own check takes it. */
internal class Answer(
    val variant: String,
    val text: String,
    val valid: Boolean,
)

/** What one module makes of a message. */
internal typealias Decoder = (text: String, strict: Boolean) -> Answer

/** Has the types of many modules read and write messages: a line asks, a line answers. */
fun main() {
    val decoders = decoders()
    val out = PrintStream(System.out, false, "UTF-8")
    for (line in System.`in`.bufferedReader().lineSequence()) {
        val asked = Json.parseToJsonElement(line).jsonObject
        val name = "${word(asked, "module")} ${word(asked, "sender")}"
        val decoder = requireNotNull(decoders[name]) { "no such module: $name" }
        out.println(ascii(answer(decoder, asked).toString()))
    }
    out.flush()
}

private fun answer(
    decoder: Decoder,
    asked: JsonObject,
): JsonObject {
    val found = runCatching { decoder(word(asked, "text"), asked.getValue("strict").jsonPrimitive.boolean) }
    val error = found.exceptionOrNull()
    // The one error that users are told of; any other is a fault of the code.
    check(error == null || error::class.simpleName == "DecodeException") { "$asked: ${error?.stackTraceToString()}" }
    return buildJsonObject {
        put("ok", error == null)
        found.onSuccess {
            put("variant", it.variant)
            put("text", it.text)
            put("valid", it.valid)
        }
        found.onFailure { put("error", it.message) }
    }
}

private fun word(
    asked: JsonObject,
    name: String,
): String = asked.getValue(name).jsonPrimitive.content

/** The text with escapes, without which halves of surrogate pairs get lost. */
private fun ascii(text: String): String =
    buildString {
        for (one in text) {
            if (one <= '~') append(one) else append("\\u%04x".format(one.code))
        }
    }
