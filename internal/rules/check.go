package rules

func check(Config) []Fault { return nil }
