package wirecheck;

import java.util.Objects;
import java.util.Optional;

/**
 * A member of an object that may be absent, may be null, and may have a value.
 *
 * @param <T> what the value is
 */
public final class Member<T> {
  private static final Member<?> ABSENT = new Member<>(false, null);

  private final boolean present;
  private final T value;

  private Member(boolean present, T value) {
    this.present = present;
    this.value = value;
  }

  /** A member that is not there. */
  @SuppressWarnings("unchecked") // it has no value, of whatever type
  public static <T> Member<T> absent() {
    return (Member<T>) ABSENT;
  }

  /** A member that is there; a value of Java's null stands for null in JSON. */
  public static <T> Member<T> of(T value) {
    return new Member<>(true, value);
  }

  /** Whether it is there, null or not. */
  public boolean isPresent() {
    return present;
  }

  /** Whether it is there and null. */
  public boolean isNull() {
    return present && value == null;
  }

  /** The value, where it is there and not null. */
  public Optional<T> value() {
    return Optional.ofNullable(value);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Member<?> member
        && present == member.present
        && Objects.equals(value, member.value);
  }

  @Override
  public int hashCode() {
    return Objects.hash(present, value);
  }

  @Override
  public String toString() {
    return present ? "Member[" + value + "]" : "Member[absent]";
  }
}
