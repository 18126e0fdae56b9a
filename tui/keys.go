package tui

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/tui/cells"
)

// scope says where a key works.
type scope uint8

const (
	inPanes scope = 1 << iota
	inQueue
	everywhere = inPanes | inQueue
)

// A binding is a row of the key table: keys that all do the same, with the word
// for it in the help, where, and what. Two keys in a row are written "s n". The
// help, the hints and the row of function keys are made from the table, so that
// no key is missing there, and none stands there that does nothing.
type binding struct {
	key.Binding
	name  string // of the action, for configuration, palette and documentation
	scope scope
	group string // heading in the help; empty: the one before
	hint  string // word in the hint line, if it belongs there
	label string // word in the row of function keys, if it has one

	// cannot says why it cannot be done now; nil, or empty: it can.
	cannot func(*App) cells.Text
	run    func(*App) tea.Cmd
}

// bind makes a binding of keys as Bubble Tea names them, the one to learn first.
func bind(help string, keys ...string) key.Binding {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = keyName(k)
	}
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(strings.Join(names, " "), help))
}

// worded is b in a line of hints: its first key, and a word.
func (b binding) worded(word string) key.Binding { return bind(word, b.Keys()[:1]...) }

// keyTable holds all keys of the screen but for those of overlays and questions,
// which show their own; in the order of the help. No key needs Alt or a function
// key, and none is what terminals and multiplexers keep for themselves (Ctrl-A,
// -B, -S, -Q) or cannot tell from another one (Ctrl-I, -H, -J, -M, -[).
func keyTable() []binding {
	return slices.Concat(
		movingKeys(),
		goingKeys(),
		bookmarkKeys(),
		pairingKeys(),
		offerKeys(),
		boxKeys(),
		screenKeys(),
		paletteKeys(),
		fileKeys(),
		createKeys(),
		clipboardKeys(),
		findKeys(),
		entryKeys(),
		contentKeys(),
		viewKeys(),
		compareKeys(),
		shapeKeys(),
		queueKeys(),
	)
}

// movingKeys lead through panes and queue.
func movingKeys() []binding {
	return []binding{
		{name: "up", Binding: bind("one up", "up", "k"), scope: everywhere, group: "Moving", run: moveBy(-1)},
		{name: "down", Binding: bind("one down", "down", "j"), scope: everywhere, run: moveBy(1)},
		{name: "page-up", Binding: bind("a page up", "pgup"), scope: everywhere, run: movePage(-1)},
		{name: "page-down", Binding: bind("a page down", "pgdown"), scope: everywhere, run: movePage(1)},
		{name: "first", Binding: bind("to the first", "home", "g"), scope: everywhere, run: moveBy(-1 << 30)},
		{name: "last", Binding: bind("to the last", "end", "G"), scope: everywhere, run: moveBy(1 << 30)},
		{name: "open", Binding: bind("open a directory", "enter", "l", "right"), scope: inPanes, run: (*App).enter},
		{name: "parent", Binding: bind("the directory above", "backspace", "h", "left"), scope: inPanes, cannot: needsDirectory, run: (*App).parent},
		{name: "other-pane", Binding: bind("the other pane", "tab"), scope: everywhere, hint: "pane", run: (*App).otherPane},
		{name: "left-pane", Binding: bind("the left pane", "1"), scope: everywhere, run: focusOn(onLeft)},
		{name: "right-pane", Binding: bind("the right pane", "2"), scope: everywhere, run: focusOn(onRight)},
		{name: "queue", Binding: bind("the queue", "3"), scope: everywhere, hint: "queue", run: focusOn(onQueue)},
	}
}

// screenKeys are about the whole of it.
func screenKeys() []binding {
	return []binding{
		{name: "connect", Binding: bind("change place, connect", "o"), scope: inPanes, group: "Screen", run: (*App).choosePlace},
		{name: "trust", Binding: bind("trust this peer", "T"), scope: everywhere, run: (*App).offerPin},
		{name: "help", Binding: bind("this help", "?", "f1"), scope: everywhere, hint: "help", label: "Help", run: (*App).openHelp},
		{name: "close", Binding: bind("close or clear", "esc"), scope: everywhere, run: (*App).escape},
		{name: "redraw", Binding: bind("draw anew", "D", "ctrl+l"), scope: everywhere, run: (*App).repaint},
		{name: "suspend", Binding: bind("back to the shell, until fg", "Z", "ctrl+z"), scope: everywhere, run: (*App).suspend},
		{name: "quit", Binding: bind("quit", "q", "f10", "ctrl+c"), scope: everywhere, label: "Quit", run: (*App).quit},
	}
}

// fileKeys do something to files.
func fileKeys() []binding {
	return []binding{
		{name: "tag", Binding: bind("tag, and one down", "space", "insert"), scope: inPanes, group: "Files", hint: "tag", cannot: needsEntry, run: onPane((*pane).toggleTag)},
		{name: "tag-mask", Binding: bind("tag by a mask (*.mkv)", "+"), scope: inPanes, cannot: needsDirectory, run: tagMask(true)},
		{name: "untag-mask", Binding: bind("untag by a mask", "-"), scope: inPanes, cannot: needsDirectory, run: tagMask(false)},
		{name: "invert-tags", Binding: bind("invert the tags", "*"), scope: inPanes, cannot: needsDirectory, run: onPane((*pane).invertTags)},
		{name: "copy", Binding: bind("copy to the other pane", "c", "f5"), scope: inPanes, hint: "copy", label: "Copy", cannot: needsOther, run: transferTo(false)},
		{name: "move", Binding: bind("move to the other pane", "m", "f6"), scope: inPanes, label: "Move", cannot: needsOther, run: transferTo(true)},
		{name: "mkdir", Binding: bind("make a directory", "n", "f7"), scope: inPanes, label: "Mkdir", cannot: needsDirectory, run: (*App).askMkdir},
		{name: "rename", Binding: bind("rename; what is tagged as a list", "R", "f2"), scope: inPanes, label: "Rename", cannot: needsEntry, run: (*App).askRename},
		{name: "delete", Binding: bind("delete, after asking", "x", "f8", "delete"), scope: inPanes, label: "Delete", cannot: needsEntry, run: (*App).askDelete},
	}
}

// viewKeys change what a pane shows.
func viewKeys() []binding {
	return []binding{
		{name: "filter", Binding: bind("show only what fits", "/"), scope: inPanes, group: "View", hint: "filter", cannot: needsDirectory, run: (*App).askFilter},
		{name: "sort-by-name", Binding: bind("sort by name", "s n"), scope: inPanes, hint: "name", cannot: needsDirectory, run: sortBy(0)},
		{name: "sort-by-extension", Binding: bind("sort by extension", "s e"), scope: inPanes, hint: "extension", cannot: needsDirectory, run: sortBy(1)},
		{name: "sort-by-size", Binding: bind("sort by size", "s s"), scope: inPanes, hint: "size", cannot: needsDirectory, run: sortBy(2)},
		{name: "sort-by-time", Binding: bind("sort by time", "s m"), scope: inPanes, hint: "modified", cannot: needsDirectory, run: sortBy(3)},
		{name: "reverse", Binding: bind("the other way round", "S"), scope: inPanes, cannot: needsDirectory, run: (*App).reverse},
		{name: "hidden", Binding: bind("hidden files, or not", "."), scope: inPanes, cannot: needsDirectory, run: (*App).toggleHidden},
		{name: "refresh", Binding: bind("read again", "r", "ctrl+r"), scope: inPanes, cannot: needsDirectory, run: (*App).refresh},
	}
}

// chord is what was pressed so far: one key, or two.
type chord string

func (c chord) String() string { return string(c) }

// find returns the binding for keys pressed so far. If there is none, but some
// begin with them, pending is true.
func find(table []binding, sc scope, pressed chord) (b *binding, pending bool) {
	for i := range table {
		if table[i].scope&sc != 0 && key.Matches(pressed, table[i].Binding) {
			return &table[i], false
		}
	}
	return nil, len(continuations(table, sc, pressed)) > 0
}

// continuations lists what may follow a key, with the words for it.
func continuations(table []binding, sc scope, pressed chord) []key.Binding {
	var out []key.Binding
	for _, b := range table {
		for _, k := range b.Keys() {
			if second, ok := strings.CutPrefix(k, string(pressed)+" "); ok && b.scope&sc != 0 {
				out = append(out, bind(b.hint, second))
			}
		}
	}
	return out
}

// keyName is how a key is written for people.
func keyName(k string) string {
	letter, ctrl := strings.CutPrefix(k, "ctrl+")
	switch {
	case ctrl:
		return "Ctrl-" + strings.ToUpper(letter)
	case k == "pgup":
		return "PgUp"
	case k == "pgdown":
		return "PgDn"
	case len(k) == 1 || strings.Contains(k, " "):
		return k
	}
	return strings.ToUpper(k[:1]) + k[1:]
}
