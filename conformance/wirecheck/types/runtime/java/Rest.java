package wirecheck;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** What the types do not say of a message: a JSON Schema, of the keywords that are looked at here. */
final class Rest implements Wire.Check {
  private static final int STEPS = 10_000_000;

  private final JsonNode schema;
  private final Map<String, Pattern> patterns = new ConcurrentHashMap<>();

  /** The parts of the schema's text, since the compiler takes no long one. */
  Rest(String... text) {
    schema = Wire.node(String.join("", text));
  }

  @Override
  public Optional<String> problem(JsonNode message) {
    return Optional.ofNullable(problem(schema, message, Wire.Path.ROOT));
  }

  /** What is wrong with a value, or null. */
  private String problem(JsonNode rule, JsonNode value, Wire.Path at) {
    if (rule.isBoolean()) {
      return rule.booleanValue() ? null : said(at, "nothing is allowed here");
    }
    for (Map.Entry<String, JsonNode> entry : rule.properties()) {
      String problem = problem(entry.getKey(), entry.getValue(), rule, value, at);
      if (problem != null) {
        return problem;
      }
    }
    return null;
  }

  private String problem(
      String word, JsonNode wanted, JsonNode rule, JsonNode value, Wire.Path at) {
    switch (word) {
      case "items":
        int number = 0;
        for (JsonNode item : value.isArray() ? value : List.<JsonNode>of()) {
          String problem = problem(wanted, item, at.below(Integer.toString(number++)));
          if (problem != null) {
            return problem;
          }
        }
        return null;
      case "properties":
        for (Map.Entry<String, JsonNode> entry : wanted.properties()) {
          JsonNode member = value.isObject() ? value.get(entry.getKey()) : null;
          String problem =
              member == null ? null : problem(entry.getValue(), member, at.below(entry.getKey()));
          if (problem != null) {
            return problem;
          }
        }
        return null;
      case "additionalProperties":
        for (Map.Entry<String, JsonNode> entry : value.properties()) {
          if (!rule.path("properties").has(entry.getKey())) {
            String problem = problem(wanted, entry.getValue(), at.below(entry.getKey()));
            if (problem != null) {
              return problem;
            }
          }
        }
        return null;
      case "allOf":
        for (JsonNode one : wanted) {
          String problem = problem(one, value, at);
          if (problem != null) {
            return problem;
          }
        }
        return null;
      case "if":
        JsonNode then = rule.get("then");
        return then != null && problem(wanted, value, at) == null ? problem(then, value, at) : null;
      default:
        return holds(word, wanted, value, at) ? null : said(at, "not as \"" + word + "\" says");
    }
  }

  private static String said(Wire.Path at, String problem) {
    return at.equals(Wire.Path.ROOT) ? problem : at + ": " + problem;
  }

  private boolean holds(String word, JsonNode wanted, JsonNode value, Wire.Path at) {
    return switch (word) {
      case "type" ->
          wanted.isArray()
              ? any(wanted, one -> isOf(one.textValue(), value))
              : isOf(wanted.textValue(), value);
      case "const" -> canonical(wanted).equals(canonical(value));
      case "enum" -> any(wanted, one -> canonical(one).equals(canonical(value)));
      case "minLength" -> !value.isTextual() || length(value).compareTo(number(wanted)) >= 0;
      case "maxLength" -> !value.isTextual() || length(value).compareTo(number(wanted)) <= 0;
      case "pattern" -> !value.isTextual() || found(wanted.textValue(), value.textValue());
      case "minimum" -> !value.isNumber() || number(value).compareTo(number(wanted)) >= 0;
      case "maximum" -> !value.isNumber() || number(value).compareTo(number(wanted)) <= 0;
      case "exclusiveMinimum" -> !value.isNumber() || number(value).compareTo(number(wanted)) > 0;
      case "exclusiveMaximum" -> !value.isNumber() || number(value).compareTo(number(wanted)) < 0;
      case "multipleOf" -> !value.isNumber() || isMultiple(number(value), number(wanted));
      case "minItems" -> !value.isArray() || size(value).compareTo(number(wanted)) >= 0;
      case "maxItems" -> !value.isArray() || size(value).compareTo(number(wanted)) <= 0;
      case "uniqueItems" -> !wanted.booleanValue() || !value.isArray() || areUnique(value);
      case "required" -> !value.isObject() || !any(wanted, one -> !value.has(one.textValue()));
      case "anyOf" -> any(wanted, one -> problem(one, value, at) == null);
      case "oneOf" -> count(wanted, one -> problem(one, value, at) == null) == 1;
      case "not" -> problem(wanted, value, at) != null;
      case "then" -> true;
      default -> throw new IllegalStateException("unknown keyword: " + word);
    };
  }

  private static boolean any(JsonNode items, Predicate<JsonNode> test) {
    return count(items, test) > 0;
  }

  private static int count(JsonNode items, Predicate<JsonNode> test) {
    int found = 0;
    for (JsonNode item : items) {
      found += test.test(item) ? 1 : 0;
    }
    return found;
  }

  private static boolean isOf(String type, JsonNode value) {
    return switch (type) {
      case "null" -> value.isNull();
      case "boolean" -> value.isBoolean();
      case "string" -> value.isTextual();
      case "number" -> value.isNumber();
      case "integer" -> value.isNumber() && number(value).stripTrailingZeros().scale() <= 0;
      case "array" -> value.isArray();
      default -> value.isObject();
    };
  }

  private static BigDecimal number(JsonNode value) {
    return value.decimalValue();
  }

  private static BigDecimal length(JsonNode value) {
    String text = value.textValue();
    return BigDecimal.valueOf(text.codePointCount(0, text.length()));
  }

  private static BigDecimal size(JsonNode value) {
    return BigDecimal.valueOf(value.size());
  }

  /** By integers, and never writing out the zeros of a number such as 1e999999. */
  private static boolean isMultiple(BigDecimal value, BigDecimal step) {
    if (value.signum() == 0) {
      return true;
    }
    BigDecimal whole = value.stripTrailingZeros();
    BigInteger digits = whole.unscaledValue().abs();
    BigInteger divisor = step.unscaledValue().abs();
    long zeros = (long) step.scale() - whole.scale();
    if (zeros >= 0) {
      BigInteger tens = BigInteger.TEN.modPow(BigInteger.valueOf(zeros), divisor);
      return digits.multiply(tens).mod(divisor).signum() == 0;
    }
    return -zeros <= whole.precision()
        && digits.mod(divisor.multiply(BigInteger.TEN.pow((int) -zeros))).signum() == 0;
  }

  private static boolean areUnique(JsonNode items) {
    Set<String> seen = new HashSet<>();
    for (JsonNode item : items) {
      if (!seen.add(canonical(item))) {
        return false;
      }
    }
    return true;
  }

  /** A text that just those values have which are equal: 1 and 1.0, objects in whatever order. */
  private static String canonical(JsonNode value) {
    if (value.isNumber()) {
      BigDecimal number = number(value).stripTrailingZeros();
      return number.unscaledValue() + "e" + -(long) number.scale();
    }
    List<String> parts = new ArrayList<>();
    if (value.isObject()) {
      Map<String, String> members = new TreeMap<>();
      value.properties().forEach(one -> members.put(one.getKey(), canonical(one.getValue())));
      members.forEach((name, text) -> parts.add(TextNode.valueOf(name) + ":" + text));
      return "{" + String.join(",", parts) + "}";
    }
    if (value.isArray()) {
      value.forEach(item -> parts.add(canonical(item)));
      return "[" + String.join(",", parts) + "]";
    }
    return value.toString();
  }

  private boolean found(String pattern, String text) {
    Pattern made = patterns.computeIfAbsent(pattern, Rest::compiled);
    try {
      return made.matcher(new Counted(text, new int[] {STEPS})).find();
    } catch (StackOverflowError error) {
      throw new IllegalArgumentException("a text is too long for the pattern " + pattern, error);
    }
  }

  private static Pattern compiled(String pattern) {
    try {
      return Pattern.compile(pattern);
    } catch (PatternSyntaxException error) {
      throw new IllegalArgumentException("Java does not take the pattern " + pattern, error);
    }
  }

  /** A text of which only so many characters are looked at: patterns may go back and forth. */
  private record Counted(String text, int[] left) implements CharSequence {
    @Override
    public int length() {
      return text.length();
    }

    @Override
    public char charAt(int index) {
      if (--left[0] < 0) {
        throw new IllegalArgumentException("a pattern takes too long");
      }
      return text.charAt(index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return new Counted(text.substring(start, end), left);
    }

    @Override
    public String toString() {
      return text;
    }
  }
}
