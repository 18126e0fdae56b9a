package blobs

import (
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"
)

// A Digest is what a blob is called by: of its bytes, by the store's algorithm.
type Digest [32]byte

// String is the digest in hex.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText makes JSON of it.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText is the reverse.
func (d *Digest) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(d)) {
		return errors.New("not a digest")
	}
	_, err := hex.Decode(d[:], text)
	return err
}

// Attributes are what whoever stores a blob says about it.
type Attributes struct {
	Name    string            `json:"name,omitempty"`
	Type    string            `json:"type,omitempty"` // media type
	Tags    []string          `json:"tags,omitempty"`
	Meta    map[string]string `json:"meta,omitempty"`
	Expires time.Time         `json:"expires,omitzero"` // zero: never
}

// Info is a blob.
type Info struct {
	Digest  Digest    `json:"digest"`
	Size    int64     `json:"size"`
	Created time.Time `json:"created"`
	Account string    `json:"account,omitempty"` // whom it counts for
	Attributes
}

// Limits of attributes.
const (
	longestName  = 255
	longestType  = 127
	mostTags     = 32
	longestTag   = 64
	mostMeta     = 32
	longestKey   = 64
	longestValue = 1024
)

// check says what makes no sense.
func (a *Attributes) check(now time.Time) error {
	if err := text("the name", a.Name, longestName); err != nil {
		return err
	}
	if a.Type != "" {
		if _, _, err := mime.ParseMediaType(a.Type); err != nil || len(a.Type) > longestType {
			return fmt.Errorf("%w: the type is no media type", ErrInvalid)
		}
	}
	if len(a.Tags) > mostTags {
		return fmt.Errorf("%w: more than %d tags", ErrInvalid, mostTags)
	}
	for _, t := range a.Tags {
		if err := text("a tag", t, longestTag); err != nil || t == "" {
			return errors.Join(err, fmt.Errorf("%w: a tag has 1 to %d bytes", ErrInvalid, longestTag))
		}
	}
	if len(a.Meta) > mostMeta {
		return fmt.Errorf("%w: more than %d keys of meta", ErrInvalid, mostMeta)
	}
	for k, v := range a.Meta {
		if err := errors.Join(text("a key of meta", k, longestKey), text("a value of meta", v, longestValue)); err != nil {
			return err
		}
	}
	if !a.Expires.IsZero() && !now.Before(a.Expires) {
		return fmt.Errorf("%w: it would have expired already", ErrInvalid)
	}
	a.Tags = slices.Compact(slices.Sorted(slices.Values(a.Tags)))
	return nil
}

func text(what, s string, longest int) error {
	if len(s) > longest || !utf8.ValidString(s) {
		return fmt.Errorf("%w: %s is not UTF-8 of at most %d bytes", ErrInvalid, what, longest)
	}
	for _, r := range s {
		if unicode.IsControl(r) {
			return fmt.Errorf("%w: %s has control characters", ErrInvalid, what)
		}
	}
	return nil
}

// HasTags tells whether a blob has all of these tags.
func (i *Info) HasTags(tags []string) bool {
	for _, t := range tags {
		if !slices.Contains(i.Tags, t) {
			return false
		}
	}
	return true
}

func (i *Info) expired(now time.Time) bool { return !i.Expires.IsZero() && !now.Before(i.Expires) }
