package cli

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// A shell asks for what may follow by running us. It has to be quick, asks nobody
// for a secret, says nothing, and knows only peers that let our key in.
const (
	completeWait = 1500 * time.Millisecond // for all of it
	completeMost = 500                     // names that are offered
)

// completes has the arguments of cmd, which are addresses, completed: names of
// peers, and paths there. Those of this machine are the shell's.
func (a *app) completes(cmd *cobra.Command) {
	cmd.ValidArgsFunction = func(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(cmd.Context(), completeWait)
		defer cancel()
		return a.mayFollow(ctx, word)
	}
}

// mayFollow returns what word may become. Shells that part words at colons are
// cobra's scripts' business.
func (a *app) mayFollow(ctx context.Context, word string) ([]string, cobra.ShellCompDirective) {
	switch {
	case strings.HasPrefix(word, ".") || strings.HasPrefix(word, "/") || strings.HasPrefix(word, "~"):
		return nil, cobra.ShellCompDirectiveDefault
	case !strings.Contains(word, ":"):
		return a.peerNames(word)
	}
	t, err := parseTarget(word, a.getenv("BARGEE_TARGET"))
	if err != nil || t.isLocal() || t.kind != knownTarget && t.kind != addressTarget {
		return nil, cobra.ShellCompDirectiveDefault
	}
	at := strings.LastIndexByte(t.path, '/') + 1
	dir, begun := t, t.path[at:]
	dir.path = t.path[:at]
	names, err := a.namesAt(ctx, dir, begun)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	head := strings.TrimSuffix(word, begun)
	for i, name := range names {
		names[i] = head + name
	}
	return names, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

// peerNames returns the names of known peers that begin with word; files of this
// machine may do so, too.
func (a *app) peerNames(word string) ([]string, cobra.ShellCompDirective) {
	h, err := a.home()
	if err != nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	known, err := h.known()
	if err != nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	peers, err := known.List()
	if err != nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var names []string
	for _, p := range peers {
		if strings.HasPrefix(p.Name, word) {
			names = append(names, p.Name+":/")
		}
	}
	files, _ := filepath.Glob(escapeGlob(word) + "*") // what is offered takes the place of the shell's own
	for _, f := range files[:min(len(files), completeMost)] {
		if len(names) > 0 && session.Display(f) == f {
			names = append(names, f)
		}
	}
	if len(names) == 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return names, cobra.ShellCompDirectiveNoSpace
}

func escapeGlob(s string) string {
	return strings.NewReplacer("*", `\*`, "?", `\?`, "[", `\[`).Replace(s)
}

// namesAt returns what lies in the directory dir and begins as is begun; directories
// end in a slash. Names that a terminal should not be sent are left out.
func (a *app) namesAt(ctx context.Context, dir target, begun string) ([]string, error) {
	r, err := a.reach()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if deadline, ok := ctx.Deadline(); ok {
		r.wait = time.Until(deadline)
	}
	var l transport.Link
	if l, err = r.Dial(ctx, r.word(dir), ""); err != nil {
		return nil, err
	}
	path, err := dir.remotePath()
	if err != nil {
		return nil, err
	}
	var names []string
	for e, err := range session.NewRemote(l).Names(ctx, path) {
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(e.Name, begun) || strings.HasPrefix(e.Name, ".") && begun == "" || session.Display(e.Name) != e.Name {
			continue
		}
		name := e.Name
		if e.Kind == session.Directory {
			name += "/"
		}
		if names = append(names, name); len(names) == completeMost {
			break
		}
	}
	slices.Sort(names)
	return names, nil
}
