package wire

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime/metrics"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// messages are all that are read from a peer, or from a ticket.
var messages = []proto.Message{
	&ClientHello{}, &ServerHello{}, &Proof{}, &ProofReply{}, &Ticket{}, &RelayTicket{}, &StdioHello{}, &StdioReady{},
	&Request{}, &Reply{}, &Entries{}, &ToReceiver{}, &ToSender{}, &Chunk{}, &Acks{}, &Cuts{}, &Piece{},
	&QueueHello{}, &QueueWelcome{}, &QueueAsk{}, &QueuePaths{}, &QueueTell{},
}

// examples have every field of every message set to something, so that the
// fuzzer begins with all of the schema.
func examples() (out []proto.Message) {
	for _, m := range messages {
		for variant := range 30 {
			e := m.ProtoReflect().New()
			fillIn(e, variant, 0)
			out = append(out, e.Interface())
		}
	}
	return out
}

// fillIn sets the fields of m, and of each oneof the one that variant picks.
func fillIn(m protoreflect.Message, variant, depth int) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if o := f.ContainingOneof(); o != nil && o.Fields().Get(variant%o.Fields().Len()) != f {
			continue
		}
		if depth > 4 {
			return
		}
		if f.IsList() {
			l := m.Mutable(f).List()
			if f.Kind() == protoreflect.MessageKind {
				fillIn(l.AppendMutable().Message(), variant, depth+1)
			} else {
				l.Append(someValue(f))
			}
		} else if f.Kind() == protoreflect.MessageKind {
			fillIn(m.Mutable(f).Message(), variant, depth+1)
		} else {
			m.Set(f, someValue(f))
		}
	}
}

// someValue is a value of f within its limits.
func someValue(f protoreflect.FieldDescriptor) protoreflect.Value {
	l := limitsOf(f)
	switch f.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(1)
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes(make([]byte, max(l.exactLen, 1)))
	case protoreflect.StringKind:
		return protoreflect.ValueOfString("s")
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(2)
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(2)
	case protoreflect.Sint64Kind, protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(-2)
	}
	panic(f.FullName() + " is of a kind that no message has")
}

// FuzzRead reads whatever bytes as each message: what is taken keeps the limits
// of its schema and travels back as the same message, what is not is an error of
// the two kinds there are, and no more memory is taken than the limits allow.
func FuzzRead(f *testing.F) {
	for i, m := range examples() {
		b, err := Append(nil, m)
		if err != nil {
			f.Fatalf("%v: %v", m, err)
		}
		f.Add(uint8(i/20), b)
	}
	f.Add(uint8(0), []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")) // M51, M63
	f.Fuzz(func(t *testing.T, kind uint8, b []byte) {
		m := messages[int(kind)%len(messages)].ProtoReflect().New().Interface()
		before := allocated()
		err := Read(bufio.NewReader(bytes.NewReader(b)), m)
		if n := allocated() - before; n > 64<<20 {
			t.Errorf("%d bytes took %d bytes of memory", len(b), n)
		}
		if err != nil {
			if !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrLimit) && err != io.EOF && err != io.ErrUnexpectedEOF {
				t.Errorf("%x: %v", b, err)
			}
			return
		}
		if err := check(m.ProtoReflect()); err != nil {
			t.Errorf("%x: %v", b, err)
		}
		again := m.ProtoReflect().New().Interface()
		said, err := Append(nil, m)
		if err != nil {
			t.Fatal(err)
		}
		if err := Read(bufio.NewReader(bytes.NewReader(said)), again); err != nil || !proto.Equal(m, again) {
			t.Errorf("%x: %v comes back as %v, %v", b, m, again, err)
		}
	})
}

// allocated returns how many bytes were ever allocated.
func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// FuzzLength holds readLength against the standard library's varint: it takes
// what that takes, in its shortest form only (M64).
func FuzzLength(f *testing.F) {
	for _, n := range []uint64{0, 1, 127, 128, 1 << 20, 1<<63 - 1, 1 << 63, 1<<64 - 1} {
		f.Add(binary.AppendUvarint(nil, n))
	}
	f.Add([]byte{0x80, 0})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := readLength(bufio.NewReader(bytes.NewReader(b)))
		want, size := binary.Uvarint(b)
		shortest := size > 0 && len(binary.AppendUvarint(nil, want)) == size
		switch {
		case shortest && (err != nil || got != want):
			t.Errorf("%x: %d, %v, want %d", b, got, err, want)
		case !shortest && err == nil:
			t.Errorf("%x: %d, and it is none", b, got)
		case size == 0 && len(b) < 10 && err != io.EOF && err != io.ErrUnexpectedEOF && !errors.Is(err, ErrInvalid):
			t.Errorf("%x: %v", b, err)
		}
	})
}

// M65: fields that this version does not know are passed over; values of enums
// that it does not know are refused.
func TestUnknown(t *testing.T) {
	later := []byte{0xf8, 0x7f, 1} // field 2047, a number
	ready := append([]byte{0x08, 1}, later...)
	newer := append([]byte{0x0a, byte(len(ready))}, append(ready, later...)...)
	newer = append([]byte{byte(len(newer))}, newer...)
	m := new(ToSender)
	if err := Read(bufio.NewReader(bytes.NewReader(newer)), m); err != nil || m.GetReady().GetMaxStreams() != 1 {
		t.Errorf("a field of a later version: %v, %v", m, err)
	}
	for _, m := range []proto.Message{
		&ToSender{Say: &ToSender_Answer{Answer: &Answer{Verdict: 99}}},
		&ToSender{Say: &ToSender_Answer{Answer: &Answer{Verdict: -1}}},
		&Acks{Acks: []*Ack{{State: 77}}},
		&Chunk{Codec: 9},
		&Request{Ask: &Request_Send{Send: &Send{Options: &Options{OnConflict: 42}}}},
		&Entries{Entries: []*Entry{{Kind: 8}}},
	} {
		b, err := Append(nil, m)
		if err != nil {
			t.Fatal(err)
		}
		if err := Read(bufio.NewReader(bytes.NewReader(b)), m.ProtoReflect().New().Interface()); !errors.Is(err, ErrInvalid) {
			t.Errorf("%v: %v", m, err)
		}
	}
}

// M46, M49, M51, M53: numbers beyond what a field may have never get past Read.
func TestNumbersBeyondTheirLimits(t *testing.T) {
	for name, m := range map[string]proto.Message{
		"size 2^63":          &Entries{Entries: []*Entry{{Size: 1 << 63}}},
		"size 2^64-1":        &Entries{Entries: []*Entry{{Size: 1<<64 - 1}}},
		"mode 2^32-1":        &Entries{Entries: []*Entry{{Mode: 1<<32 - 1}}},
		"mode 0o100000":      &Entries{Entries: []*Entry{{Mode: 0o100000}}},
		"nanoseconds 2^31":   &Entries{Entries: []*Entry{{ModifiedNs: 1 << 31}}},
		"chunk size 2^31":    &ToSender{Say: &ToSender_Answer{Answer: &Answer{ChunkSize: 1 << 31}}},
		"chunk size 3":       &ToSender{Say: &ToSender_Answer{Answer: &Answer{ChunkSize: 3}}},
		"chunk of 17 MiB":    &Chunk{Length: 17 << 20},
		"body of 17 MiB":     &Chunk{Size: 17 << 20},
		"id 2^63":            &Chunk{Id: 1 << 63},
		"index 2^63":         &Chunk{Index: 1 << 63},
		"offset 2^63":        &Request{Ask: &Request_Open{Open: &Open{Offset: 1 << 63}}},
		"length 2^64-1":      &Request{Ask: &Request_Open{Open: &Open{Length: 1<<64 - 1}}},
		"300 streams":        &ToSender{Say: &ToSender_Ready{Ready: &Ready{MaxStreams: 300}}},
		"rate 2^63":          &ToSender{Say: &ToSender_Pace{Pace: &Pace{Rate: 1 << 63}}},
		"a value of 31":      &Chunk{Value: make([]byte, 31)},
		"data 2^63":          &ToReceiver{Say: &ToReceiver_Entry{Entry: &Announce{Data: proto.Uint64(1 << 63)}}},
		"a part from 2^63":   &Chunk{Parts: []*Part{{From: 1 << 63}}},
		"a part of 2^31":     &Chunk{Parts: []*Part{{Copy: 1 << 31}}},
		"2049 parts":         &Chunk{Parts: make([]*Part, 2049)},
		"4097 needs":         &ToSender{Say: &ToSender_Need{Need: &Need{Chunks: make([]uint64, 4097)}}},
		"1025 acks":          &Acks{Acks: make([]*Ack, 1025)},
		"513 entries":        &Entries{Entries: make([]*Entry, 513)},
		"a name of 1025":     &Entries{Entries: []*Entry{{Name: make([]byte, 1025)}}},
		"a path of 32769":    &Request{Ask: &Request_List{List: &List{Path: make([]byte, 32769)}}},
		"a target of 4097":   &Entries{Entries: []*Entry{{Target: make([]byte, 4097)}}},
		"words of 513 bytes": &Reply{Answer: &Reply_Error{Error: &Error{Message: string(make([]byte, 513))}}},
		"257 globs":          &Request{Ask: &Request_Send{Send: &Send{Options: &Options{Include: make([][]byte, 257)}}}},
		"version 65536":      &ClientHello{MinVersion: 65536},
		"lane 129":           &ClientHello{Join: &Join{Lane: 129}},
		"65 attributes":      &ToReceiver{Say: &ToReceiver_Entry{Entry: &Announce{Xattrs: &Xattrs{List: make([]*Xattr, 65)}}}},
		"2049 cuts":          &ToSender{Say: &ToSender_Cuts{Cuts: &Cuts{Lengths: make([]uint32, 2049)}}},
	} {
		fillNils(m.ProtoReflect())
		b, err := proto.Marshal(m)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		b = append(binary.AppendUvarint(nil, uint64(len(b))), b...)
		if err := Read(bufio.NewReader(bytes.NewReader(b)), m.ProtoReflect().New().Interface()); !errors.Is(err, ErrLimit) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// fillNils makes messages of the nils in lists.
func fillNils(m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsList() && f.Kind() == protoreflect.MessageKind:
			for i := range v.List().Len() {
				if !v.List().Get(i).Message().IsValid() {
					v.List().Set(i, v.List().NewElement())
				}
			}
		case f.Kind() == protoreflect.MessageKind && !f.IsList():
			fillNils(v.Message())
		}
		return true
	})
}
