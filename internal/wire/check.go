package wire

import (
	"fmt"
	"math/bits"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const (
	defaultMaxSize  = 64 << 10
	defaultMaxCount = 1024
)

// maxSize is the largest encoding of a message of type d, in bytes.
func maxSize(d protoreflect.MessageDescriptor) int {
	if n, ok := sizes.Load(d.FullName()); ok {
		return n.(int)
	}
	n := defaultMaxSize
	if o := d.Options(); proto.HasExtension(o, E_MaxSize) {
		n = int(proto.GetExtension(o, E_MaxSize).(uint32))
	}
	sizes.Store(d.FullName(), n)
	return n
}

// limits are the options of one field; 0 means no limit declared.
type limits struct {
	maxLen, exactLen, maxCount uint64
	max                        uint64
	powerOfTwo                 bool
}

// The options of a type never change, so they are read once per type.
var (
	sizes sync.Map // protoreflect.FullName -> int
	fixed sync.Map // protoreflect.FullName of the field -> limits
)

func limitsOf(f protoreflect.FieldDescriptor) limits {
	if l, ok := fixed.Load(f.FullName()); ok {
		return l.(limits)
	}
	o := f.Options()
	get := func(x protoreflect.ExtensionType) uint64 {
		if !proto.HasExtension(o, x) {
			return 0
		}
		switch v := proto.GetExtension(o, x).(type) {
		case uint32:
			return uint64(v)
		case uint64:
			return v
		}
		return 0
	}
	l := limits{maxLen: get(E_MaxLen), exactLen: get(E_Len), maxCount: get(E_MaxCount), max: get(E_Max)}
	l.powerOfTwo = proto.HasExtension(o, E_PowerOfTwo)
	if l.maxCount == 0 {
		l.maxCount = defaultMaxCount
	}
	fixed.Store(f.FullName(), l)
	return l
}

// check holds m and the messages in it against their limits.
func check(m protoreflect.Message) error {
	var err error
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		l := limitsOf(f)
		if !f.IsList() {
			err = checkValue(f, v, l)
			return err == nil
		}
		list := v.List()
		if uint64(list.Len()) > l.maxCount {
			err = broken(f, fmt.Sprintf("%d elements, at most %d", list.Len(), l.maxCount))
			return false
		}
		for i := range list.Len() {
			if err = checkValue(f, list.Get(i), l); err != nil {
				return false
			}
		}
		return true
	})
	return err
}

func checkValue(f protoreflect.FieldDescriptor, v protoreflect.Value, l limits) error {
	switch f.Kind() {
	case protoreflect.MessageKind:
		return check(v.Message())
	case protoreflect.BytesKind:
		return checkLen(f, uint64(len(v.Bytes())), l)
	case protoreflect.StringKind:
		return checkLen(f, uint64(len(v.String())), l)
	case protoreflect.EnumKind:
		if f.Enum().Values().ByNumber(v.Enum()) == nil {
			return fmt.Errorf("%s: unknown value %d: %w", f.FullName(), v.Enum(), ErrInvalid)
		}
	case protoreflect.Uint32Kind, protoreflect.Uint64Kind, protoreflect.Fixed32Kind, protoreflect.Fixed64Kind:
		return checkNumber(f, v.Uint(), l)
	}
	return nil
}

func checkLen(f protoreflect.FieldDescriptor, n uint64, l limits) error {
	if l.maxLen > 0 && n > l.maxLen {
		return broken(f, fmt.Sprintf("%d bytes, at most %d", n, l.maxLen))
	}
	if l.exactLen > 0 && n != 0 && n != l.exactLen {
		return broken(f, fmt.Sprintf("%d bytes, want %d", n, l.exactLen))
	}
	return nil
}

func checkNumber(f protoreflect.FieldDescriptor, n uint64, l limits) error {
	if l.max > 0 && n > l.max {
		return broken(f, fmt.Sprintf("%d, at most %d", n, l.max))
	}
	if l.powerOfTwo && bits.OnesCount64(n) > 1 {
		return broken(f, fmt.Sprintf("%d is no power of two", n))
	}
	return nil
}

func broken(f protoreflect.FieldDescriptor, why string) error {
	return fmt.Errorf("%s: %s: %w", f.FullName(), why, ErrLimit)
}
