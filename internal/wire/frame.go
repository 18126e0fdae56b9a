package wire

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/proto"
)

// ErrInvalid is what Read's errors match when the bytes are no message of the
// schema, and ErrLimit when one of its limits is broken.
var (
	ErrInvalid = errors.New("invalid message")
	ErrLimit   = errors.New("message breaks a limit")
)

// A Message is any message of the schemas.
type Message = proto.Message

// Append appends m to b as it travels: varint length, encoding.
func Append(b []byte, m proto.Message) ([]byte, error) {
	n := proto.Size(m)
	if n > maxSize(m.ProtoReflect().Descriptor()) {
		return b, fmt.Errorf("%s of %d bytes: %w", m.ProtoReflect().Descriptor().Name(), n, ErrLimit)
	}
	b = binary.AppendUvarint(b, uint64(n))
	return proto.MarshalOptions{UseCachedSize: true}.MarshalAppend(b, m)
}

// Write writes m to w in one call.
func Write(w io.Writer, m proto.Message) error {
	b, err := Append(nil, m)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// Read reads one message into m and checks the limits of its schema. At the
// clean end of the stream it returns io.EOF, inside a message
// io.ErrUnexpectedEOF. Errors of the reader are returned as they are.
func Read(r *bufio.Reader, m proto.Message) error {
	d := m.ProtoReflect().Descriptor()
	n, err := readLength(r)
	if err != nil {
		return err
	}
	if n > uint64(maxSize(d)) {
		return fmt.Errorf("%s of %d bytes: %w", d.Name(), n, ErrLimit)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	return Unmarshal(b, m)
}

// Unmarshal decodes one encoding into m and checks the limits of its schema.
func Unmarshal(b []byte, m proto.Message) error {
	if err := proto.Unmarshal(b, m); err != nil {
		return fmt.Errorf("%s: %w", m.ProtoReflect().Descriptor().Name(), ErrInvalid)
	}
	return check(m.ProtoReflect())
}

// readLength reads a varint in its shortest form.
func readLength(r *bufio.Reader) (uint64, error) {
	var n uint64
	for shift := 0; shift < 64; shift += 7 {
		c, err := r.ReadByte()
		if err != nil {
			if err == io.EOF && shift > 0 {
				err = io.ErrUnexpectedEOF
			}
			return 0, err
		}
		n |= uint64(c&0x7f) << shift
		if c < 0x80 {
			if c == 0 && shift > 0 || shift == 63 && c > 1 {
				break
			}
			return n, nil
		}
	}
	return 0, fmt.Errorf("length: %w", ErrInvalid)
}
