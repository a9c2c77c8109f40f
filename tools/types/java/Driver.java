package driver;

import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Has the types of many modules read and write messages: a line asks, a line answers. */
public final class Driver {
  /** What one module makes of a message. */
  @FunctionalInterface
  interface Decoder {
    Answer decode(String text, boolean strict) throws Exception;
  }

  /** The name of the frame's type, its text again, and whether its own check takes it. */
  record Answer(String variant, String text, boolean valid) {}

  // Halves of surrogate pairs get through as escapes only.
  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

  private Driver() {}

  public static void main(String[] arguments) throws IOException {
    Map<String, Decoder> decoders = Registry.decoders();
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    try (BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        JsonNode asked = MAPPER.readTree(line);
        String name = asked.get("module").textValue() + " " + asked.get("sender").textValue();
        Decoder decoder = decoders.get(name);
        if (decoder == null) {
          throw new IllegalArgumentException("no such module: " + name);
        }
        out.println(MAPPER.writeValueAsString(answer(decoder, asked)));
      }
    }
    out.flush();
  }

  private static ObjectNode answer(Decoder decoder, JsonNode asked) {
    ObjectNode said = MAPPER.createObjectNode();
    try {
      Answer answer =
          decoder.decode(asked.get("text").textValue(), asked.get("strict").booleanValue());
      return said.put("ok", true)
          .put("variant", answer.variant())
          .put("text", answer.text())
          .put("valid", answer.valid());
    } catch (Exception error) {
      // The one error that users are told of; any other is a fault of the code, and said as such.
      String name = error.getClass().getSimpleName();
      if (!name.equals("DecodeException")) {
        throw new IllegalStateException(asked.toString(), error);
      }
      return said.put("ok", false).put("error", error.getMessage());
    }
  }
}
