package wirecheck;

/** What is wrong with the text of a message, and where. */
public final class DecodeException extends Exception {
  private static final long serialVersionUID = 1L;

  private final String pointer;

  DecodeException(String pointer, String problem) {
    super(pointer.isEmpty() ? problem : pointer + ": " + problem);
    this.pointer = pointer;
  }

  /** Where in the message, as a JSON pointer; it is empty for the message itself. */
  public String pointer() {
    return pointer;
  }
}
