package config

import (
	"fmt"
	"sort"
	"strings"
)

// A Problem is something in the file, or in the environment, that cannot be
// taken, and what would be right.
type Problem struct {
	At   Position // zero: in Where
	What string
	Hint string
}

func (p Problem) String() string {
	s := p.What
	if p.At.Line > 0 {
		s = fmt.Sprintf("%d:%d: %s", p.At.Line, p.At.Column, s)
	}
	return s
}

// sorted brings problems into the order of the file.
func sorted(problems []Problem) []Problem {
	sort.SliceStable(problems, func(i, j int) bool {
		a, b := problems[i].At, problems[j].At
		return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column
	})
	return problems
}

// nearest proposes what somebody may have meant: the closest word, or else all
// of them.
func nearest(word string, words []string) string {
	best, far := "", 1<<30
	for _, w := range words {
		if d := distance(word, w); d < far {
			best, far = w, d
		}
	}
	if far <= max(len(word)/3, 1) {
		return fmt.Sprintf("did you mean %s?", best)
	}
	if len(words) > 20 {
		return ""
	}
	return "there are: " + strings.Join(words, ", ")
}

// distance is how many letters have to be changed, put in or taken out to make b
// of a; two that changed places count as one.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range b {
		rows[0][j+1] = j + 1
	}
	for i := range a {
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			d := min(rows[i][j]+cost, rows[i][j+1]+1, rows[i+1][j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, rows[i-1][j-1]+1)
			}
			rows[i+1][j+1] = d
		}
	}
	return rows[len(a)][len(b)]
}
