package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Mode says how much of a message is checked when it is decoded.
type Mode int

const (
	// Lenient checks the types of the documented members, and takes a frame that no document knows for an UnknownFrame.
	Lenient Mode = iota
	// Strict checks all that is documented, and refuses a frame that no document knows.
	Strict
)

// Frame is a message of either sender: a pointer to one of the frames of this package.
type Frame interface {
	json.Marshaler
	json.Unmarshaler
	members(m *members)
	check(v value) error
}

// Encode returns the text of a frame. It fails for a frame that no message can be: with a number that is none, a
// string that is not UTF-8, or an extra member that has the name of a documented one.
func Encode(frame Frame) ([]byte, error) {
	if frame == nil {
		return nil, wrong("there is no frame to encode")
	}
	return frame.MarshalJSON()
}

// Validate says whether a frame that a program made is as documented: values, bounds, patterns, and what one member
// demands of another. Of an UnknownFrame nothing is documented, so that it is valid.
func Validate(frame Frame) error {
	text, err := Encode(frame)
	if err != nil {
		return err
	}
	v, err := parse(text)
	if err != nil {
		return err
	}
	if err := read(v, frame.members, true); err != nil {
		return err
	}
	return frame.check(v)
}

// UnknownFrame is a frame that no document knows, kept as it was.
type UnknownFrame struct {
	// Tag tells which frame it is.
	Tag string
	// Message is the text of the whole message.
	Message json.RawMessage
}

// MarshalJSON returns the message as it was.
func (f UnknownFrame) MarshalJSON() ([]byte, error) {
	v, err := parse(f.Message)
	if err == nil && v.kind != isObject {
		err = expected("an object", v)
	}
	if err != nil {
		return nil, err
	}
	return slices.Clone(f.Message), nil
}

// UnmarshalJSON takes any object that has a tag.
func (f *UnknownFrame) UnmarshalJSON(text []byte) error {
	v, err := parse(text)
	if err != nil {
		return err
	}
	tag, tagged, err := tagOf(v)
	if err == nil && !tagged {
		err = at(tagMember, wrong("is required"))
	}
	if err == nil {
		f.Tag, f.Message = tag, slices.Clone(text)
	}
	return err
}

func (*UnknownFrame) members(*members) {}

func (*UnknownFrame) check(value) error { return nil }

// Optional is a member that may be absent. Its zero value is absent.
type Optional[T any] struct {
	value   T
	present bool
}

// Some returns a member that is present.
func Some[T any](value T) Optional[T] {
	return Optional[T]{value: value, present: true}
}

// Get returns the member's value, and whether it is present.
func (o Optional[T]) Get() (T, bool) {
	return o.value, o.present
}

// Or returns the member's value, or the other one if it is absent.
func (o Optional[T]) Or(other T) T {
	if o.present {
		return o.value
	}
	return other
}

// DecodeError says what is wrong with a message.
type DecodeError struct {
	// Path is a JSON pointer to the place; it is empty for the whole message.
	Path string
	// Problem says what was expected there.
	Problem string
}

// Error returns the place and the problem.
func (e *DecodeError) Error() string {
	if e.Path == "" {
		return "the message: " + e.Problem
	}
	return e.Path + ": " + e.Problem
}

func wrong(format string, details ...any) error {
	return &DecodeError{Problem: fmt.Sprintf(format, details...)}
}

func expected(what string, found value) error {
	return wrong("expected %s, found %s", what, found.shown())
}

// at puts a step in front of an error's path.
func at(step string, err error) error {
	var e *DecodeError
	if !errors.As(err, &e) {
		return err
	}
	return &DecodeError{Path: "/" + pointerEscapes.Replace(step) + e.Path, Problem: e.Problem}
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// decode reads a frame of one sender. empty returns an empty frame by its tag, or nil where there is none.
func decode[F Frame](text []byte, mode Mode, empty func(tag string, tagged bool) F) (F, error) {
	var none F
	v, err := parse(text)
	if err != nil {
		return none, err
	}
	tag, tagged, err := tagOf(v)
	if err != nil {
		return none, err
	}
	frame := empty(tag, tagged)
	if any(frame) != nil {
		return filled(v, mode, frame)
	}
	if !tagged {
		return none, at(tagMember, wrong("is required"))
	}
	unknown, fits := any(&UnknownFrame{Tag: tag, Message: slices.Clone(text)}).(F)
	if mode == Strict || !fits {
		return none, at(tagMember, wrong("no frame is called %q", tag))
	}
	return unknown, nil
}

// decodeOnly reads the frame of a sender that has just one, without a tag.
func decodeOnly[F Frame](text []byte, mode Mode, frame F) (F, error) {
	v, err := parse(text)
	if err != nil {
		var none F
		return none, err
	}
	return filled(v, mode, frame)
}

func filled[F Frame](v value, mode Mode, frame F) (F, error) {
	err := read(v, frame.members, false)
	if err == nil && mode == Strict {
		err = frame.check(v)
	}
	if err != nil {
		var none F
		return none, err
	}
	return frame, nil
}

func tagOf(v value) (string, bool, error) {
	if v.kind != isObject {
		return "", false, expected("an object", v)
	}
	tag, tagged := v.members[tagMember]
	if tagged && tag.kind != isText {
		return "", false, at(tagMember, expected("a string", tag))
	}
	return tag.text, tagged, nil
}

func unmarshal(text []byte, visit func(*members)) error {
	v, err := parse(text)
	if err != nil {
		return err
	}
	return read(v, visit, false)
}

func marshal(visit func(*members)) ([]byte, error) {
	return write(nil, visit)
}

// members reads or writes an object, member by member.
type members struct {
	in      map[string]value // what is read; nil when writing
	trial   bool             // read, and keep nothing
	out     []byte           // what has been written
	written bool             // whether a member has been written
	known   []string
	err     error
}

func read(v value, visit func(*members), trial bool) error {
	if v.kind != isObject {
		return expected("an object", v)
	}
	m := members{in: v.members, trial: trial}
	visit(&m)
	return m.err
}

func write(out []byte, visit func(*members)) ([]byte, error) {
	m := members{out: append(out, '{')}
	visit(&m)
	return append(m.out, '}'), m.err
}

// tagged is the member that tells which frame it is.
func (m *members) tagged(tag string) {
	required(m, tagMember, &tag, codec[string]{
		read: func(v value) (string, error) {
			if v.kind != isText || v.text != tag {
				return "", wrong("expected %q, found %s", tag, v.shown())
			}
			return tag, nil
		},
		write: aText.write,
	})
}

// untagged is the absence of that member.
func (m *members) untagged() {
	m.known = append(m.known, tagMember)
	if _, there := m.in[tagMember]; there && m.err == nil {
		m.err = at(tagMember, wrong("must be absent"))
	}
}

func (m *members) begin(name string) {
	if m.written {
		m.out = append(m.out, ',')
	}
	m.written = true
	m.out = append(appendText(m.out, name), ':')
}

func required[T any](m *members, name string, to *T, c codec[T]) {
	m.known = append(m.known, name)
	if m.err != nil {
		return
	}
	if m.in == nil {
		m.begin(name)
		m.out, m.err = c.write(m.out, *to)
	} else if v, there := m.in[name]; !there {
		m.err = wrong("is required")
	} else if got, err := c.read(v); err != nil {
		m.err = err
	} else if !m.trial {
		*to = got
	}
	if m.err != nil {
		m.err = at(name, m.err)
	}
}

func optional[T any](m *members, name string, to *Optional[T], c codec[T]) {
	there := to.present
	if m.in != nil {
		_, there = m.in[name]
	}
	if there {
		got := to.value
		required(m, name, &got, c)
		if m.in != nil && !m.trial {
			*to = Some(got)
		}
		return
	}
	m.known = append(m.known, name)
	if m.in != nil && !m.trial {
		*to = Optional[T]{}
	}
}

// others are the members that are not documented.
func (m *members) others(to *map[string]json.RawMessage) {
	if m.err != nil || m.trial {
		return
	}
	if m.in == nil {
		m.out, m.err = m.append(*to)
		return
	}
	*to = nil
	for name, v := range m.in {
		if !slices.Contains(m.known, name) {
			if *to == nil {
				*to = make(map[string]json.RawMessage)
			}
			(*to)[name] = slices.Clone(v.raw)
		}
	}
}

func (m *members) append(extra map[string]json.RawMessage) ([]byte, error) {
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		if slices.Contains(m.known, name) {
			return m.out, at(name, wrong("is documented, and no extra member"))
		}
		if !utf8.ValidString(name) {
			return m.out, at(name, wrong("its name is not UTF-8"))
		}
		m.begin(name)
		out, err := anything.write(m.out, extra[name])
		if err != nil {
			return m.out, at(name, err)
		}
		m.out = out
	}
	return m.out, nil
}

// codec reads and writes the values of a type.
type codec[T any] struct {
	read  func(v value) (T, error)
	write func(out []byte, what T) ([]byte, error)
}

var aText = codec[string]{
	read: func(v value) (string, error) {
		if v.kind != isText {
			return "", expected("a string", v)
		}
		return v.text, nil
	},
	write: func(out []byte, what string) ([]byte, error) {
		if !utf8.ValidString(what) {
			return out, wrong("a string that is not UTF-8")
		}
		return appendText(out, what), nil
	},
}

var aFlag = codec[bool]{
	read: func(v value) (bool, error) {
		if v.kind != isFlag {
			return false, expected("true or false", v)
		}
		return v.raw[0] == 't', nil
	},
	write: func(out []byte, what bool) ([]byte, error) {
		return strconv.AppendBool(out, what), nil
	},
}

var aWhole = codec[int64]{
	read: func(v value) (int64, error) {
		if v.kind != isNumber {
			return 0, expected("an integer", v)
		}
		d := decimalOf(string(v.raw))
		if d.exponent < 0 {
			return 0, expected("an integer", v)
		}
		if d.exponent > 18 {
			return 0, expected("an integer of 64 bits", v)
		}
		what, err := strconv.ParseInt(d.sign+d.digits+strings.Repeat("0", int(d.exponent)), 10, 64)
		if err != nil {
			return 0, expected("an integer of 64 bits", v)
		}
		return what, nil
	},
	write: func(out []byte, what int64) ([]byte, error) {
		return strconv.AppendInt(out, what, 10), nil
	},
}

var aNumber = codec[json.Number]{
	read: func(v value) (json.Number, error) {
		if v.kind != isNumber {
			return "", expected("a number", v)
		}
		return json.Number(v.raw), nil
	},
	write: func(out []byte, what json.Number) ([]byte, error) {
		if what == "" {
			return append(out, '0'), nil
		}
		if v, err := parse([]byte(what)); err != nil || v.kind != isNumber {
			return out, wrong("%q is no JSON number", string(what))
		}
		return append(out, what...), nil
	},
}

var anything = codec[json.RawMessage]{
	read: func(v value) (json.RawMessage, error) {
		return slices.Clone(v.raw), nil
	},
	write: func(out []byte, what json.RawMessage) ([]byte, error) {
		if what == nil {
			return append(out, "null"...), nil
		}
		if _, err := parse(what); err != nil {
			return out, err
		}
		return append(out, what...), nil
	},
}

func nullable[T any](inner codec[T]) codec[*T] {
	return codec[*T]{
		read: func(v value) (*T, error) {
			if v.kind == isNull {
				return nil, nil
			}
			what, err := inner.read(v)
			return &what, err
		},
		write: func(out []byte, what *T) ([]byte, error) {
			if what == nil {
				return append(out, "null"...), nil
			}
			return inner.write(out, *what)
		},
	}
}

func items[T any](inner codec[T]) codec[[]T] {
	return codec[[]T]{
		read: func(v value) ([]T, error) {
			if v.kind != isArray {
				return nil, expected("an array", v)
			}
			what := make([]T, 0, len(v.items))
			for place, item := range v.items {
				got, err := inner.read(item)
				if err != nil {
					return nil, at(strconv.Itoa(place), err)
				}
				what = append(what, got)
			}
			return what, nil
		},
		write: func(out []byte, what []T) ([]byte, error) {
			out = append(out, '[')
			for place, item := range what {
				if place > 0 {
					out = append(out, ',')
				}
				more, err := inner.write(out, item)
				if err != nil {
					return out, at(strconv.Itoa(place), err)
				}
				out = more
			}
			return append(out, ']'), nil
		},
	}
}

func table[T any](inner codec[T]) codec[map[string]T] {
	return codec[map[string]T]{
		read: func(v value) (map[string]T, error) {
			if v.kind != isObject {
				return nil, expected("an object", v)
			}
			what := make(map[string]T, len(v.members))
			for name, member := range v.members {
				got, err := inner.read(member)
				if err != nil {
					return nil, at(name, err)
				}
				what[name] = got
			}
			return what, nil
		},
		write: func(out []byte, what map[string]T) ([]byte, error) {
			return write(out, func(m *members) {
				for _, name := range slices.Sorted(maps.Keys(what)) {
					member := what[name]
					if !utf8.ValidString(name) {
						m.err = at(name, wrong("its name is not UTF-8"))
					}
					required(m, name, &member, inner)
				}
			})
		},
	}
}

func choice[T ~string](values ...T) codec[T] {
	return codec[T]{
		read: func(v value) (T, error) {
			if v.kind != isText || !slices.Contains(values, T(v.text)) {
				return "", expected(fmt.Sprintf("one of %q", values), v)
			}
			return T(v.text), nil
		},
		write: func(out []byte, what T) ([]byte, error) {
			return aText.write(out, string(what))
		},
	}
}

func record[T any, P interface {
	*T
	members(m *members)
}]() codec[T] {
	return codec[T]{
		read: func(v value) (T, error) {
			var what T
			err := read(v, P(&what).members, false)
			return what, err
		},
		write: func(out []byte, what T) ([]byte, error) {
			return write(out, P(&what).members)
		},
	}
}

func appendText(out []byte, what string) []byte {
	out = append(out, '"')
	for place := range len(what) {
		switch c := what[place]; {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c < ' ':
			out = fmt.Appendf(out, "\\u%04x", c)
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}

type kind string

const (
	isObject kind = "object"
	isArray  kind = "array"
	isText   kind = "string"
	isNumber kind = "number"
	isFlag   kind = "boolean"
	isNull   kind = "null"
)

// value is a JSON value and its text.
type value struct {
	kind    kind
	raw     []byte
	text    string
	items   []value
	members map[string]value
}

func (v value) shown() string {
	if v.kind == isObject || v.kind == isArray {
		return "an " + string(v.kind)
	}
	if len(v.raw) > 60 {
		return "a " + string(v.kind)
	}
	return string(v.raw)
}

// parse reads a whole text. It refuses what encoding/json lets through: bytes that are not UTF-8, halves of surrogate
// pairs, and a member that is there twice. How deep values may lie in each other is limited by encoding/json.
func parse(text []byte) (value, error) {
	if !utf8.Valid(text) {
		return value{}, wrong("is not UTF-8")
	}
	var whole json.RawMessage
	if err := json.Unmarshal(text, &whole); err != nil {
		return value{}, wrong("is no JSON text: %v", err)
	}
	p := parser{text: text}
	return p.value()
}

// parser reads a text that is JSON.
type parser struct {
	text []byte
	at   int
}

func (p *parser) peek() byte {
	for p.text[p.at] <= ' ' {
		p.at++
	}
	return p.text[p.at]
}

func (p *parser) value() (value, error) {
	first := p.peek()
	v := value{kind: isNumber}
	start := p.at
	var err error
	switch first {
	case '{':
		v.kind = isObject
		v.members, err = p.object()
	case '[':
		v.kind = isArray
		v.items, err = p.array()
	case '"':
		v.kind = isText
		v.text, err = p.string()
	case 't', 'f':
		v.kind = isFlag
		p.word()
	case 'n':
		v.kind = isNull
		p.word()
	default:
		p.word()
	}
	v.raw = p.text[start:p.at]
	return v, err
}

func (p *parser) object() (map[string]value, error) {
	found := make(map[string]value)
	p.at++
	for p.peek() != '}' {
		if p.text[p.at] == ',' {
			p.at++
			p.peek()
		}
		name, err := p.string()
		if err != nil {
			return nil, err
		}
		if _, twice := found[name]; twice {
			return nil, at(name, wrong("is there twice"))
		}
		p.peek()
		p.at++ // the colon
		if found[name], err = p.value(); err != nil {
			return nil, at(name, err)
		}
	}
	p.at++
	return found, nil
}

func (p *parser) array() ([]value, error) {
	var found []value
	p.at++
	for p.peek() != ']' {
		if p.text[p.at] == ',' {
			p.at++
		}
		v, err := p.value()
		if err != nil {
			return nil, at(strconv.Itoa(len(found)), err)
		}
		found = append(found, v)
	}
	p.at++
	return found, nil
}

func (p *parser) word() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n,]}", p.text[p.at]) < 0 {
		p.at++
	}
}

func (p *parser) string() (string, error) {
	var found strings.Builder
	for p.at++; p.text[p.at] != '"'; {
		begin := p.at
		for p.text[p.at] != '"' && p.text[p.at] != '\\' {
			p.at++
		}
		found.Write(p.text[begin:p.at])
		if p.text[p.at] == '\\' {
			r, err := p.escape()
			if err != nil {
				return "", err
			}
			found.WriteRune(r)
		}
	}
	p.at++
	return found.String(), nil
}

func (p *parser) escape() (rune, error) {
	letter := p.text[p.at+1]
	p.at += 2
	if letter != 'u' {
		if place := strings.IndexByte("bfnrt", letter); place >= 0 {
			return rune("\b\f\n\r\t"[place]), nil
		}
		return rune(letter), nil
	}
	r := p.unit()
	if !utf16.IsSurrogate(r) {
		return r, nil
	}
	if p.text[p.at] == '\\' && p.text[p.at+1] == 'u' {
		p.at += 2
		if whole := utf16.DecodeRune(r, p.unit()); whole != utf8.RuneError {
			return whole, nil
		}
	}
	return 0, wrong("a string holds half of a surrogate pair")
}

// unit reads four hexadecimal digits, which are there.
func (p *parser) unit() rune {
	unit, _ := strconv.ParseUint(string(p.text[p.at:p.at+4]), 16, 16)
	p.at += 4
	return rune(unit)
}

// decimal is a number of any size: its digits, which neither begin nor end with a zero, times a power of ten.
type decimal struct {
	sign     string
	digits   string
	exponent int64
}

func decimalOf(text string) decimal {
	var d decimal
	if strings.HasPrefix(text, "-") {
		d.sign, text = "-", text[1:]
	}
	if place := strings.IndexAny(text, "eE"); place >= 0 {
		// An exponent beyond an int64 is the greatest or the least, which no other number comes near.
		d.exponent, _ = strconv.ParseInt(text[place+1:], 10, 60)
		text = text[:place]
	}
	if before, after, found := strings.Cut(text, "."); found {
		d.exponent -= int64(len(after))
		text = before + after
	}
	text = strings.TrimLeft(text, "0")
	d.digits = strings.TrimRight(text, "0")
	d.exponent += int64(len(text) - len(d.digits))
	if d.digits == "" {
		return decimal{digits: "0"}
	}
	return d
}
