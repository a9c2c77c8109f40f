package wire

import (
	"cmp"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// rule is what a JSON Schema (draft 2020-12) says of a value, where the types say it no more.
type rule struct {
	never      bool
	types      []string
	constant   *value
	enum       []value
	shortest   *decimal
	longest    *decimal
	pattern    *regexp.Regexp
	minimum    *decimal
	maximum    *decimal
	above      *decimal
	below      *decimal
	multipleOf *decimal
	items      *rule
	fewest     *decimal
	most       *decimal
	unique     bool
	properties map[string]*rule
	required   []string
	additional *rule
	allOf      []*rule
	anyOf      []*rule
	oneOf      []*rule
	not        *rule
	condition  *rule
	then       *rule
	unreadable error
}

// rest reads a schema when it is first asked for.
func rest(schema string) func() *rule {
	return sync.OnceValue(func() *rule {
		v, err := parse([]byte(schema))
		if err != nil {
			return &rule{unreadable: err}
		}
		return ruleOf(v)
	})
}

func ruleOf(schema value) *rule {
	r := &rule{never: schema.kind == isFlag && schema.raw[0] == 'f'}
	for word, v := range schema.members {
		switch word {
		case "type":
			if v.kind == isText {
				r.types = []string{v.text}
			} else {
				r.types = textsOf(v)
			}
		case "const":
			r.constant = &v
		case "enum":
			r.enum = v.items
		case "minLength":
			r.shortest = limitOf(v)
		case "maxLength":
			r.longest = limitOf(v)
		case "pattern":
			r.pattern, r.unreadable = regexp.Compile(v.text)
		case "minimum":
			r.minimum = limitOf(v)
		case "maximum":
			r.maximum = limitOf(v)
		case "exclusiveMinimum":
			r.above = limitOf(v)
		case "exclusiveMaximum":
			r.below = limitOf(v)
		case "multipleOf":
			r.multipleOf = limitOf(v)
		case "items":
			r.items = ruleOf(v)
		case "minItems":
			r.fewest = limitOf(v)
		case "maxItems":
			r.most = limitOf(v)
		case "uniqueItems":
			r.unique = v.raw[0] == 't'
		case "properties":
			r.properties = make(map[string]*rule)
			for name, inner := range v.members {
				r.properties[name] = ruleOf(inner)
			}
		case "required":
			r.required = textsOf(v)
		case "additionalProperties":
			r.additional = ruleOf(v)
		case "allOf":
			r.allOf = rulesOf(v)
		case "anyOf":
			r.anyOf = rulesOf(v)
		case "oneOf":
			r.oneOf = rulesOf(v)
		case "not":
			r.not = ruleOf(v)
		case "if":
			r.condition = ruleOf(v)
		case "then":
			r.then = ruleOf(v)
		}
	}
	return r
}

func rulesOf(list value) []*rule {
	var rules []*rule
	for _, item := range list.items {
		rules = append(rules, ruleOf(item))
	}
	return rules
}

func textsOf(list value) []string {
	var texts []string
	for _, item := range list.items {
		texts = append(texts, item.text)
	}
	return texts
}

func limitOf(v value) *decimal {
	d := decimalOf(string(v.raw))
	return &d
}

func countOf(count int) decimal {
	return decimalOf(strconv.Itoa(count))
}

// check returns the first thing that is wrong with a value.
func (r *rule) check(v value) error {
	if r.unreadable != nil {
		return wrong("cannot be checked: %v", r.unreadable)
	}
	if r.never {
		return wrong("must be absent")
	}
	if r.types != nil && !r.isOfType(v) {
		return expected(strings.Join(r.types, " or "), v)
	}
	if r.constant != nil && !same(*r.constant, v) {
		return expected(string(r.constant.raw), v)
	}
	if r.enum != nil && !among(r.enum, v) {
		return wrong("%s is none of the documented values", v.shown())
	}
	if err := r.checkKind(v); err != nil {
		return err
	}
	return r.checkRules(v)
}

func (r *rule) checkKind(v value) error {
	switch v.kind {
	case isText:
		return r.checkText(v.text)
	case isNumber:
		return r.checkNumber(v)
	case isArray:
		return r.checkItems(v)
	case isObject:
		return r.checkMembers(v)
	}
	return nil
}

func (r *rule) isOfType(v value) bool {
	for _, name := range r.types {
		if name == string(v.kind) || name == "integer" && v.kind == isNumber && decimalOf(string(v.raw)).exponent >= 0 {
			return true
		}
	}
	return false
}

func (r *rule) checkText(what string) error {
	length := countOf(utf8.RuneCountInString(what))
	if r.shortest != nil && length.compare(*r.shortest) < 0 {
		return wrong("expected at least %v characters", r.shortest)
	}
	if r.longest != nil && length.compare(*r.longest) > 0 {
		return wrong("expected at most %v characters", r.longest)
	}
	if r.pattern != nil && !r.pattern.MatchString(what) {
		return wrong("expected a string that %s matches", r.pattern)
	}
	return nil
}

func (r *rule) checkNumber(v value) error {
	d := decimalOf(string(v.raw))
	switch {
	case r.minimum != nil && d.compare(*r.minimum) < 0:
		return expected(fmt.Sprintf("%v or more", r.minimum), v)
	case r.maximum != nil && d.compare(*r.maximum) > 0:
		return expected(fmt.Sprintf("%v or less", r.maximum), v)
	case r.above != nil && d.compare(*r.above) <= 0:
		return expected(fmt.Sprintf("more than %v", r.above), v)
	case r.below != nil && d.compare(*r.below) >= 0:
		return expected(fmt.Sprintf("less than %v", r.below), v)
	case r.multipleOf != nil && !d.isMultiple(*r.multipleOf):
		return expected(fmt.Sprintf("a multiple of %v", r.multipleOf), v)
	}
	return nil
}

func (r *rule) checkItems(v value) error {
	length := countOf(len(v.items))
	if r.fewest != nil && length.compare(*r.fewest) < 0 {
		return wrong("expected at least %v items", r.fewest)
	}
	if r.most != nil && length.compare(*r.most) > 0 {
		return wrong("expected at most %v items", r.most)
	}
	if r.unique {
		seen := make(map[string]bool, len(v.items))
		for _, item := range v.items {
			text := item.canonical()
			if seen[text] {
				return wrong("%s is there twice", item.shown())
			}
			seen[text] = true
		}
	}
	if r.items != nil {
		for place, item := range v.items {
			if err := r.items.check(item); err != nil {
				return at(strconv.Itoa(place), err)
			}
		}
	}
	return nil
}

func (r *rule) checkMembers(v value) error {
	for _, name := range r.required {
		if _, there := v.members[name]; !there {
			return at(name, wrong("is required"))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v.members)) {
		inner, named := r.properties[name]
		if !named {
			inner = r.additional
		}
		if inner == nil {
			continue
		}
		if err := inner.check(v.members[name]); err != nil {
			return at(name, err)
		}
	}
	return nil
}

func (r *rule) checkRules(v value) error {
	for _, inner := range r.allOf {
		if err := inner.check(v); err != nil {
			return err
		}
	}
	if r.anyOf != nil && fitting(r.anyOf, v) == 0 {
		return wrong("fits none of the documented forms")
	}
	if r.oneOf != nil {
		if fits := fitting(r.oneOf, v); fits != 1 {
			return wrong("fits %d of the documented forms, not one", fits)
		}
	}
	if r.not != nil && r.not.check(v) == nil {
		return wrong("%s is what it must not be", v.shown())
	}
	if r.condition != nil && r.then != nil && r.condition.check(v) == nil {
		return r.then.check(v)
	}
	return nil
}

func fitting(rules []*rule, v value) int {
	fits := 0
	for _, inner := range rules {
		if inner.check(v) == nil {
			fits++
		}
	}
	return fits
}

func among(list []value, v value) bool {
	for _, item := range list {
		if same(item, v) {
			return true
		}
	}
	return false
}

func same(a, b value) bool {
	return a.kind == b.kind && a.canonical() == b.canonical()
}

// canonical is a text that just the equal values have.
func (v value) canonical() string {
	switch v.kind {
	case isText:
		return string(appendText(nil, v.text))
	case isNumber:
		d := decimalOf(string(v.raw))
		return d.String()
	case isArray:
		parts := make([]string, 0, len(v.items))
		for _, item := range v.items {
			parts = append(parts, item.canonical())
		}
		return "[" + strings.Join(parts, ",") + "]"
	case isObject:
		out, _ := write(nil, func(m *members) {
			for _, name := range slices.Sorted(maps.Keys(v.members)) {
				m.begin(name)
				m.out = append(m.out, v.members[name].canonical()...)
			}
		})
		return string(out)
	}
	return string(v.raw)
}

// String returns the number as JSON has it.
func (d decimal) String() string {
	if d.exponent == 0 {
		return d.sign + d.digits
	}
	return d.sign + d.digits + "e" + strconv.FormatInt(d.exponent, 10)
}

func (d decimal) isZero() bool {
	return d.digits == "0"
}

// compare is below, at or above zero where d is less than, equal to or greater than the other.
func (d decimal) compare(other decimal) int {
	if d.rank() != other.rank() {
		return d.rank() - other.rank()
	}
	return d.rank() * d.compareSize(other)
}

func (d decimal) rank() int {
	switch {
	case d.isZero():
		return 0
	case d.sign == "-":
		return -1
	}
	return 1
}

func (d decimal) compareSize(other decimal) int {
	size, others := int64(len(d.digits))+d.exponent, int64(len(other.digits))+other.exponent
	if size != others {
		return cmp.Compare(size, others)
	}
	return strings.Compare(d.digits, other.digits)
}

// isMultiple computes with digits, since doubles have no tenth.
func (d decimal) isMultiple(of decimal) bool {
	if d.isZero() || of.isZero() {
		return d.isZero()
	}
	digits, _ := new(big.Int).SetString(d.digits, 10)
	step, _ := new(big.Int).SetString(of.digits, 10)
	shift := d.exponent - of.exponent
	if shift < 0 {
		// So many zeros the digits would have to end with, which have none to spare.
		if -shift > int64(len(d.digits)) {
			return false
		}
		step.Mul(step, new(big.Int).Exp(big.NewInt(10), big.NewInt(-shift), nil))
		return digits.Mod(digits, step).Sign() == 0
	}
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(shift), step)
	return digits.Mul(digits, power).Mod(digits, step).Sign() == 0
}
