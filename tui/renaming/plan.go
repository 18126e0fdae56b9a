package renaming

// A Group is a row of renamings of which each makes room for the next. Groups
// have nothing to do with each other, and may be done in any order.
type Group struct {
	Steps []Pair

	// Of a ring, where each name becomes that of the next: the name that is free
	// for it. The first step leads there, the last one from there.
	Spare string
}

// Plan orders pairs that were checked. spare returns a name that nobody has.
func Plan(pairs []Pair, spare func() string) []Group {
	from := make(map[string]int, len(pairs)) // by the old name
	to := make(map[string]int, len(pairs))   // by the new one
	for i, p := range pairs {
		from[p.Old], to[p.New] = i, i
	}
	var groups []Group
	done := make([]bool, len(pairs))
	// Rows end with a name that none of the others leaves.
	for i, p := range pairs {
		if _, taken := from[p.New]; taken {
			continue
		}
		var g Group
		for at, ok := i, true; ok; at, ok = to[pairs[at].Old], has(to, pairs[at].Old) {
			g.Steps = append(g.Steps, pairs[at])
			done[at] = true
		}
		groups = append(groups, g)
	}
	for i, p := range pairs { // what is left are rings
		if done[i] {
			continue
		}
		g := Group{Spare: spare()}
		g.Steps = append(g.Steps, Pair{p.Old, g.Spare})
		done[i] = true
		for at := to[p.Old]; !done[at]; at = to[pairs[at].Old] {
			g.Steps = append(g.Steps, pairs[at])
			done[at] = true
		}
		g.Steps = append(g.Steps, Pair{g.Spare, p.New})
		groups = append(groups, g)
	}
	return groups
}

func has(m map[string]int, k string) bool {
	_, ok := m[k]
	return ok
}
