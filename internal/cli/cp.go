package cli

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
)

const cpLong = `Copy files either way between this machine and a peer, or from one peer to another (straight between
the two where they reach each other, else through this machine, but no disk of it). Every chunk is verified, and a
file appears under its name only when all of it is there. After an interruption the same command goes
on where it stopped.

A SRC goes into DST under its own name if DST is a directory or ends in a slash; one SRC and a DST
that does not exist: DST is the new name. Several SRC need a directory. "DIR/." stands for what is in
DIR, "-" for standard input or output. A file that is there already is a conflict, unless it is the same or a part of it.`

// cpOptions are those of cp, upload and download.
type cpOptions struct {
	*app
	reachFlags
	sources []target
	dst     target

	nameless bool // the source is standard input

	recursive  bool
	relativeTo string
	onConflict string
	include    []string
	exclude    []string
	streams    int
	lanes      int
	chunkSize  byteCount
	compress   string
	whole      bool
	limit      byteRate
	preserve   []string
	checksum   bool
	dryRun     bool
	retry      int
	giveUp     time.Duration
	priority   int
	fsync      bool
	progress   bool
	keep       bool
	moves      bool // what has arrived is removed at its source
}

func newCp(a *app) *cobra.Command {
	o := &cpOptions{app: a}
	cmd := &cobra.Command{
		Use:   "cp SRC... DST",
		Short: "Copy files and directories",
		Long:  cpLong,
		Example: `  bargee cp film.mkv laptop:/films/
  bargee cp -r laptop:/photos .
  bargee cp -r laptop:/photos nas:/backup/
  pg_dump shop | bargee cp - laptop:/backup/shop.sql
  bargee cp -r --on-conflict newer --exclude '*.tmp' work bargee://192.0.2.7/backup/`,
		Args: atLeast(2, "a SRC or the DST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			last := len(args) - 1
			if args[last] == "-" {
				return o.toStandardOutput(cmd.Context(), args[:last])
			}
			targets, err := a.targets(args)
			if err != nil {
				return err
			}
			o.sources, o.dst = targets[:last], targets[last]
			if !slices.Contains(args[:last], "-") {
				return o.checkAndRun(cmd)
			}
			if last != 1 {
				return usage("is the only SRC, if it is one", "").about("", "-")
			}
			done, err := o.fromStandardInput(cmd.Context())
			if err != nil {
				return err
			}
			defer done()
			return o.checkAndRun(cmd)
		},
	}
	o.addFlags(cmd)
	return cmd
}

func (o *cpOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVarP(&o.recursive, "recursive", "r", false, "directories with all that is in them")
	f.StringVar(&o.relativeTo, "relative-to", "", "keep the paths of what is copied, as seen from `DIR` above it, below DST")
	f.StringVar(&o.onConflict, "on-conflict", "ask", "`ask|skip|overwrite|rename|newer`; without a terminal to ask on the file fails")
	f.StringArrayVar(&o.include, "include", nil, "only files that match `GLOB`, such as '*.jpg' or 'docs/**'; may be repeated")
	f.StringArrayVar(&o.exclude, "exclude", nil, "no files and directories that match `GLOB`; may be repeated")
	f.IntVar(&o.priority, "priority", session.DefaultPriority, "its turn in the queue, 0 (last) to 10 (first)")
	f.BoolVar(&o.keep, "keep", false, "keep partial files when the copy is cancelled")
	o.addTransferFlags(cmd)
}

// addTransferFlags adds the flags of everything that copies and asks nobody about it.
func (o *cpOptions) addTransferFlags(cmd *cobra.Command) {
	o.checkedBy(cmd, func() error { return o.check(cmd) })
	d := session.DefaultOptions()
	f := cmd.Flags()
	f.IntVar(&o.streams, "streams", 0, "data streams, 1 to 255 (default as many as are useful)")
	addLanes(f, &o.lanes)
	f.Var(&o.chunkSize, "chunk-size", "unit of verifying and resuming, a power of two, 64K to 16M (default by the file's size)")
	f.Var(&o.limit, "limit", "no faster than that: "+rateWords)
	f.StringVar(&o.compress, "compress", "auto", "`auto|on|off`: auto compresses what shrinks, while the link is slower than that")
	f.BoolVar(&o.whole, "whole-file", false, "send all of a file, also where the destination has most of it in an older one")
	f.StringSliceVar(&o.preserve, "preserve", []string{"mode", "times", "links"}, "`mode,times,links,xattrs` or a part of it, or none: links are symbolic and hard ones, xattrs what users set")
	f.BoolVar(&o.checksum, "checksum", false, "compare contents even where size and time agree")
	f.BoolVar(&o.dryRun, "dry-run", false, "say what would be done, change nothing")
	f.IntVar(&o.retry, "retry", d.Retry, "attempts without progress at a peer that answers")
	f.DurationVar(&o.giveUp, "give-up", d.GiveUp, "how long to try an unreachable peer; 0 is for ever")
	f.BoolVar(&o.fsync, "fsync", false, "done means on the disk: survives a power cut")
	f.BoolVar(&o.progress, "progress", false, "show progress, also where standard error is no terminal")
	o.reachFlags.addAll(cmd)
}

var compressions = map[string]session.Compression{"auto": session.CompressAuto, "on": session.CompressOn, "off": session.CompressOff}

var conflicts = map[string]session.Conflict{
	"ask": session.Ask, "skip": session.Skip, "overwrite": session.Overwrite, "rename": session.Rename, "newer": session.Newer,
}

func (o *cpOptions) checkAndRun(cmd *cobra.Command) error {
	if err := o.check(cmd); err != nil {
		return err
	}
	o.nested = !o.recursive
	return o.run(cmd.Context())
}

// check finds values that make no sense.
func (o *cpOptions) check(cmd *cobra.Command) error {
	f := cmd.Flags()
	if err := checkLanes(f, o.lanes); err != nil {
		return err
	}
	switch _, ok := conflicts[o.onConflict]; {
	case !ok:
		return usage("is none of ask, skip, overwrite, rename, newer", "").about("--on-conflict", session.Display(o.onConflict))
	case f.Changed("streams") && (o.streams < 1 || o.streams > maxStreams):
		return usage("is not within 1 to 255", "").about("--streams", fmt.Sprint(o.streams))
	case f.Changed("chunk-size") && (o.chunkSize.n < minChunk || o.chunkSize.n > maxChunk || o.chunkSize.n&(o.chunkSize.n-1) != 0):
		return usage("is no power of two from 64K to 16M", "for example: --chunk-size 1M").about("--chunk-size", o.chunkSize.String())
	case !isKey(compressions, o.compress):
		return usage("is none of auto, on, off", "").about("--compress", session.Display(o.compress))
	case o.retry < 0:
		return usage("is negative", "").about("--retry", fmt.Sprint(o.retry))
	case o.priority < 0 || o.priority > session.MaxPriority:
		return usage("is not within 0 to 10", "10 is first").about("--priority", fmt.Sprint(o.priority))
	case o.giveUp < 0:
		return usage("is negative", "").about("--give-up", o.giveUp.String())
	}
	for _, word := range o.preserve {
		if !slices.Contains([]string{"mode", "times", "links", "xattrs", "none", ""}, word) {
			return usage("is none of mode, times, links, xattrs, none", "").about("--preserve", session.Display(word))
		}
	}
	for _, glob := range slices.Concat(o.include, o.exclude) {
		if _, err := path.Match(strings.ReplaceAll(glob, "**", "*"), ""); err != nil || glob == "" {
			return usage("is no glob", "for example '*.jpg', 'docs/**', '[a-z]?'").about("--include or --exclude", session.Display(glob))
		}
	}
	return nil
}

func isKey[V any](m map[string]V, s string) bool {
	_, ok := m[s]
	return ok
}

// options returns the options of the transfer.
func (o *cpOptions) options() session.Options {
	opts := session.Options{
		Recursive: o.recursive, OnConflict: conflicts[o.onConflict], Include: o.include, Exclude: o.exclude,
		Checksum: o.checksum, DryRun: o.dryRun, Fsync: o.fsync,
		KeepMode: slices.Contains(o.preserve, "mode"), KeepTimes: slices.Contains(o.preserve, "times"),
		KeepLinks: slices.Contains(o.preserve, "links"), KeepXattrs: slices.Contains(o.preserve, "xattrs"),
		Streams: o.streams, ChunkSize: int(o.chunkSize.n), Compress: compressions[o.compress],
		Limit: o.limit.n, Whole: o.whole,
		Retry: o.retry, GiveUp: o.giveUp, Timeout: o.progressWait(),
	}
	if opts.OnConflict == session.Ask && !o.canAsk() {
		opts.OnConflict = session.Fail
	}
	return opts
}

func (o *cpOptions) canAsk() bool { return o.asks && !o.json && !o.quiet }
