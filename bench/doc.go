// Package bench measures what the server's speed and size are held to: each row
// is the server beside a bare thing that does the same with less, in the same
// process and in rounds that take turns, and has a bar.
//
//	make bench              all rows, a table, exit status 1 below a bar
//	make bench ROWS=gateway the rows whose name holds that
//	make bench DOCS=1       the table goes into docs/performance.md as well
//	make bench-curves       the curves of docs/performance.md
//	go test ./bench         one short round of each, no bars
//
// Ratios are compared, not times: a busy machine slows both sides down. What has
// no other side (memory, the time to ready) is measured on the program itself,
// built as "make build" does it.
package bench
