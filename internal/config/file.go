package config

import (
	"errors"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// A Position is a line and a column of the file, from 1; the zero one is none.
type Position struct{ Line, Column int }

// A node is a value of the file with the places where it and its name stand.
type node struct {
	path  []string // of tables and name
	value any      // string, bool, int64 or []node; nil is what no setting is
	name  Position
	at    Position
}

// parse reads TOML into its values, in the order of the file. The library checks
// it as a whole first, so that what is walked here is well formed.
func parse(text []byte) ([]node, *Problem) {
	var all map[string]any
	var syntax *toml.DecodeError
	if err := toml.Unmarshal(text, &all); errors.As(err, &syntax) {
		line, column := syntax.Position()
		return nil, &Problem{Position{line, column}, strings.TrimPrefix(syntax.Error(), "toml: "), ""}
	} else if err != nil {
		return nil, &Problem{What: strings.TrimPrefix(err.Error(), "toml: ")}
	}
	w := walker{}
	w.parser.Reset(text)
	var table []string
	for w.parser.NextExpression() {
		switch e := w.parser.Expression(); e.Kind {
		case unstable.Table, unstable.ArrayTable:
			table, _ = w.key(e)
		case unstable.KeyValue:
			w.pair(table, e)
		}
	}
	return w.nodes, nil
}

type walker struct {
	parser unstable.Parser
	nodes  []node
}

func (w *walker) position(n *unstable.Node) Position {
	if n.Raw.Length == 0 && len(n.Data) > 0 && n.Kind != unstable.String {
		n = &unstable.Node{Raw: w.parser.Range(n.Data)}
	}
	start := w.parser.Shape(n.Raw).Start
	return Position{start.Line, start.Column}
}

// key returns the parts of a key, and where it begins.
func (w *walker) key(n *unstable.Node) (parts []string, at Position) {
	it := n.Key()
	for it.Next() {
		if parts == nil {
			at = w.position(it.Node())
		}
		parts = append(parts, string(it.Node().Data))
	}
	return parts, at
}

// pair takes a name and its value; an inline table is its pairs.
func (w *walker) pair(table []string, n *unstable.Node) {
	key, at := w.key(n)
	path := append(table[:len(table):len(table)], key...)
	v := n.Value()
	if v.Kind == unstable.InlineTable {
		for it := v.Children(); it.Next(); {
			w.pair(path, it.Node())
		}
		return
	}
	w.nodes = append(w.nodes, node{path, w.value(v), at, w.at(v, at)})
}

// at is where a value stands; of an array, whose own place the parser does not
// tell, that of its name.
func (w *walker) at(v *unstable.Node, name Position) Position {
	if v.Kind == unstable.Array {
		return name
	}
	return w.position(v)
}

func (w *walker) value(v *unstable.Node) any {
	switch v.Kind {
	case unstable.String:
		return string(v.Data)
	case unstable.Bool:
		return string(v.Data) == "true"
	case unstable.Integer:
		if n, err := strconv.ParseInt(strings.ReplaceAll(string(v.Data), "_", ""), 0, 64); err == nil {
			return n
		}
	case unstable.Array:
		items := []node{}
		for it := v.Children(); it.Next(); {
			items = append(items, node{value: w.value(it.Node()), at: w.position(it.Node())})
		}
		return items
	}
	return nil
}
