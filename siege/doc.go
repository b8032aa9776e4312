// Package siege holds the program against whoever wants to wear it out: the real
// binary in a process of its own, attackers in others, and somebody who works on
// as if nothing were the matter and whose waiting is measured (threats T006, T176,
// T178; faults R12, R14, R29, R30, R31).
//
// The harness is a test:
//
//	make siege                   the long form: rounds, floods of 30 s, 8,000 slow
//	                             connections, 2,000 logins of soak; ratios are judged
//	make siege SIEGE_ROUNDS=5 SIEGE_RATE=2000 SIEGE_SECONDS=30
//	go test ./siege              seconds of each, as CI runs it
//
// The short form judges what does not depend on how busy the machine is: that
// everybody with a session is served, that nobody gets in, that memory is
// bounded, that it is over when it is over. Ratios of times it prints. The long
// form wants a machine that nobody else uses, and judges them too: everything
// is a ratio within one round, the rounds are interleaved, and the median counts.
//
// Whoever attacks runs with the lowest priority the system has, in a process of
// its own, as an attacker on another machine would not take processor time from
// the server. The flood goes over connections that stay open, as bare_test.go's
// handler gets it for comparison.
package siege
