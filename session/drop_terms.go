package session

import "time"

// DropTerms are how files are stored that are copied into a drop box. The zero ones are
// the usual: a week, any number of downloads, whoever has the ticket.
type DropTerms struct {
	TTL       time.Duration `json:",omitzero"` // how long they are kept; 0: as long as the box does by itself
	Downloads int           `json:",omitzero"` // how many may take them; 0: any number
	To        string        `json:",omitzero"` // the known peer whom they are sealed to; "": nobody
	Tags      []string      `json:",omitzero"`
}

// Limits of DropTerms.
const (
	MaxDropDownloads = 1000
	MaxDropTags      = 16
	MaxDropTag       = 64 // bytes, of characters that can be shown
)

// Check says what is wrong with them, as an error of kind Invalid.
func (t *DropTerms) Check() error {
	switch {
	case t.TTL < 0:
		return newError(Invalid, Path{}, "what is stored for less than no time")
	case t.Downloads < 0 || t.Downloads > MaxDropDownloads:
		return newError(Invalid, Path{}, "%d downloads: use 0 (any number) to %d", t.Downloads, MaxDropDownloads)
	case len(t.Tags) > MaxDropTags:
		return newError(Invalid, Path{}, "%d tags, and a drop has at most %d", len(t.Tags), MaxDropTags)
	}
	for _, tag := range t.Tags {
		if tag == "" || len(tag) > MaxDropTag || Display(tag) != tag {
			return newError(Invalid, Path{}, "%s is no tag: 1 to %d printable characters", Display(tag), MaxDropTag)
		}
	}
	return nil
}
