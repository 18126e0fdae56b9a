package cli

func toJournal() bool { return false }
