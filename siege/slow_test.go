package siege_test

func runSlow() error { return nil }
