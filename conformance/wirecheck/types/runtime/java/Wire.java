package wirecheck;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;

/** How messages are read from JSON and written to it: nothing is converted, nothing is lost. */
final class Wire {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();
  private static final double EXACT = 1L << 53;

  /** The check of a message of which its type says everything. */
  static final Check ANY = message -> Optional.empty();

  static final Form<JsonNode> ANYTHING = new Form<>((value, at) -> value, value -> value);
  static final Form<String> TEXT = new Form<>(Wire::readText, TextNode::valueOf);
  static final Form<Long> WHOLE = new Form<>(Wire::readWhole, LongNode::valueOf);
  static final Form<Double> NUMBER = new Form<>(Wire::readNumber, Wire::writeNumber);
  static final Form<Boolean> FLAG = new Form<>(Wire::readFlag, BooleanNode::valueOf);

  private Wire() {}

  /** How a type is read and written. */
  record Form<T>(Reader<T> reader, Function<T, JsonNode> writer) {
    T read(JsonNode value, Path at) throws DecodeException {
      return reader.read(value, at);
    }

    JsonNode write(T value) {
      return writer.apply(value);
    }
  }

  @FunctionalInterface
  interface Reader<T> {
    T read(JsonNode value, Path at) throws DecodeException;
  }

  /** What the types do not say of a message: the first thing that is wrong with it. */
  @FunctionalInterface
  interface Check {
    Optional<String> problem(JsonNode message);
  }

  /** A frame's form, and what its type does not say. */
  record Variant<F>(Form<F> form, Check check) {
    F read(ObjectNode message, boolean strict) throws DecodeException {
      F frame = form.read(message, Path.ROOT);
      Optional<String> problem = strict ? Wire.problem(() -> message, check) : Optional.empty();
      if (problem.isPresent()) {
        throw new DecodeException("", problem.get());
      }
      return frame;
    }
  }

  /** A place in a message. */
  record Path(Path parent, String step) {
    static final Path ROOT = new Path(null, "");

    Path below(String name) {
      return new Path(this, name);
    }

    DecodeException expected(String wanted, JsonNode value) {
      return new DecodeException(toString(), "expected " + wanted + ", found " + said(value));
    }

    @Override
    public String toString() {
      StringBuilder text = new StringBuilder();
      for (Path path = this; path.parent != null; path = path.parent) {
        text.insert(0, "/" + path.step.replace("~", "~0").replace("/", "~1"));
      }
      return text.toString();
    }
  }

  /** Reads an object, a member at a time. */
  static final class In {
    private final Path at;
    private final Map<String, JsonNode> left = new LinkedHashMap<>();

    In(JsonNode value, Path at) throws DecodeException {
      if (!value.isObject()) {
        throw at.expected("an object", value);
      }
      this.at = at;
      value.properties().forEach(member -> left.put(member.getKey(), member.getValue()));
    }

    void tag(String name) {
      left.remove(name);
    }

    <T> T required(String name, Form<T> form) throws DecodeException {
      JsonNode value = left.remove(name);
      if (value == null) {
        throw new DecodeException(at.toString(), "the member \"" + name + "\" is missing");
      }
      return form.read(value, at.below(name));
    }

    <T> Optional<T> optional(String name, Form<T> form) throws DecodeException {
      JsonNode value = left.remove(name);
      return value == null ? Optional.empty() : Optional.of(form.read(value, at.below(name)));
    }

    <T> Member<T> member(String name, Form<T> form) throws DecodeException {
      JsonNode value = left.remove(name);
      return value == null ? Member.absent() : Member.of(form.read(value, at.below(name)));
    }

    /** The members that nothing has read. */
    Map<String, JsonNode> others() {
      return left;
    }
  }

  /** Writes an object, a member at a time. */
  static final class Out {
    private final ObjectNode object = JsonNodeFactory.instance.objectNode();

    void tag(String name, String value) {
      object.put(name, value);
    }

    <T> void required(String name, Form<T> form, T value) {
      object.set(name, form.write(value));
    }

    <T> void optional(String name, Form<T> form, Optional<T> value) {
      value.ifPresent(found -> object.set(name, form.write(found)));
    }

    <T> void member(String name, Form<T> form, Member<T> member) {
      if (member.isPresent()) {
        object.set(name, form.write(member.value().orElse(null)));
      }
    }

    ObjectNode with(Map<String, JsonNode> others) {
      for (Map.Entry<String, JsonNode> other : others.entrySet()) {
        if (object.has(other.getKey())) {
          throw new IllegalArgumentException(
              "the member \"" + other.getKey() + "\" is there twice");
        }
        object.set(other.getKey(), other.getValue());
      }
      return object;
    }
  }

  static <T> Form<T> nullable(Form<T> form) {
    return new Form<>(
        (value, at) -> value.isNull() ? null : form.read(value, at),
        value -> value == null ? NullNode.instance : form.write(value));
  }

  static <T> Form<List<T>> list(Form<T> form) {
    return new Form<>((value, at) -> readList(value, at, form), list -> writeList(list, form));
  }

  static <T> Form<Map<String, T>> table(Form<T> form) {
    return new Form<>((value, at) -> readTable(value, at, form), map -> writeTable(map, form));
  }

  /** Of texts that stand for values; `name` is null for a value that is none of them. */
  static <T> Form<T> choice(Map<String, T> values, Function<T, String> name) {
    return new Form<>(
        (value, at) -> {
          T found = value.isTextual() ? values.get(value.textValue()) : null;
          if (found == null) {
            throw at.expected(
                values.size() > 20 ? "a known text" : "one of " + values.keySet(), value);
          }
          return found;
        },
        value -> TextNode.valueOf(name.apply(value)));
  }

  static <T> List<T> copy(List<T> list) {
    return Collections.unmodifiableList(new ArrayList<>(list)); // unlike List.copyOf it takes null
  }

  static <T> Map<String, T> copy(Map<String, T> map) {
    return Collections.unmodifiableMap(new LinkedHashMap<>(map));
  }

  /**
   * The frame that a text is. `tagged` gives the variant of a tag, or null; it is itself null where
   * no frame has a tag. `untagged` is null where there is no such frame.
   */
  static <F> F decode(
      String text,
      boolean strict,
      String tag,
      Function<String, Variant<? extends F>> tagged,
      Variant<? extends F> untagged,
      BiFunction<String, ObjectNode, F> unknown)
      throws DecodeException {
    ObjectNode message = parse(text);
    JsonNode said = tagged == null ? null : message.get(tag);
    if (said == null) {
      if (untagged == null) {
        throw new DecodeException("", "the member \"" + tag + "\" is missing");
      }
      return untagged.read(message, strict);
    }
    Path at = Path.ROOT.below(tag);
    String name = readText(said, at);
    Variant<? extends F> variant = tagged.apply(name);
    if (variant != null) {
      return variant.read(message, strict);
    }
    if (strict) {
      throw at.expected("a known tag", said);
    }
    return unknown.apply(name, message);
  }

  static String encode(ObjectNode message) {
    try {
      return MAPPER.writeValueAsString(message);
    } catch (JsonProcessingException error) {
      throw new IllegalArgumentException(error.getOriginalMessage(), error);
    }
  }

  static Optional<String> problem(Supplier<ObjectNode> message, Check check) {
    try {
      return check.problem(message.get());
    } catch (IllegalArgumentException error) {
      return Optional.of(error.getMessage());
    }
  }

  static JsonNode node(String text) {
    try {
      return MAPPER.readTree(text);
    } catch (JsonProcessingException error) {
      throw new IllegalArgumentException(error.getOriginalMessage(), error);
    }
  }

  private static ObjectNode parse(String text) throws DecodeException {
    JsonNode value;
    try {
      value = MAPPER.readTree(text);
    } catch (JsonProcessingException error) {
      throw new DecodeException("", "this is no JSON: " + error.getOriginalMessage());
    }
    if (value instanceof ObjectNode object) {
      return object;
    }
    throw Path.ROOT.expected("an object", value);
  }

  private static String readText(JsonNode value, Path at) throws DecodeException {
    if (!value.isTextual()) {
      throw at.expected("a string", value);
    }
    return value.textValue();
  }

  /** An integer of 64 bits; `1.0` is one. */
  private static Long readWhole(JsonNode value, Path at) throws DecodeException {
    if (value.isIntegralNumber() && value.canConvertToLong()) {
      return value.longValue();
    }
    if (value.isNumber()) {
      BigDecimal number = value.decimalValue().stripTrailingZeros();
      // Looked at before it is written out, which would take room for as many zeros as it has.
      if (number.scale() <= 0 && number.precision() - (long) number.scale() <= 19) {
        try {
          return number.longValueExact();
        } catch (ArithmeticException error) {
          throw at.expected("an integer of 64 bits", value);
        }
      }
    }
    throw at.expected("an integer of 64 bits", value);
  }

  private static Double readNumber(JsonNode value, Path at) throws DecodeException {
    if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
      throw at.expected("a number that a double can hold", value);
    }
    return value.doubleValue();
  }

  private static JsonNode writeNumber(double value) {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException(value + " is no number in JSON");
    }
    boolean whole = value == Math.rint(value) && Math.abs(value) < EXACT;
    return whole ? LongNode.valueOf((long) value) : DoubleNode.valueOf(value);
  }

  private static Boolean readFlag(JsonNode value, Path at) throws DecodeException {
    if (!value.isBoolean()) {
      throw at.expected("true or false", value);
    }
    return value.booleanValue();
  }

  private static <T> List<T> readList(JsonNode value, Path at, Form<T> form)
      throws DecodeException {
    if (!value.isArray()) {
      throw at.expected("an array", value);
    }
    List<T> list = new ArrayList<>(value.size());
    for (JsonNode item : value) {
      list.add(form.read(item, at.below(Integer.toString(list.size()))));
    }
    return Collections.unmodifiableList(list);
  }

  private static <T> ArrayNode writeList(List<T> list, Form<T> form) {
    ArrayNode array = JsonNodeFactory.instance.arrayNode(list.size());
    list.forEach(item -> array.add(form.write(item)));
    return array;
  }

  private static <T> Map<String, T> readTable(JsonNode value, Path at, Form<T> form)
      throws DecodeException {
    In in = new In(value, at);
    Map<String, T> map = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> member : in.others().entrySet()) {
      map.put(member.getKey(), form.read(member.getValue(), at.below(member.getKey())));
    }
    return Collections.unmodifiableMap(map);
  }

  private static <T> ObjectNode writeTable(Map<String, T> map, Form<T> form) {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    map.forEach((name, value) -> object.set(name, form.write(value)));
    return object;
  }

  private static String said(JsonNode value) {
    String text =
        switch (value.getNodeType()) {
          case OBJECT -> "an object";
          case ARRAY -> "an array";
          case MISSING -> "nothing";
          default -> value.toString();
        };
    return text.length() > 60 ? text.substring(0, 60) + "…" : text;
  }
}
