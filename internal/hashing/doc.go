// Package hashing makes and checks password hashes in processes of their own,
// which give way to whoever else wants a processor: a hash takes 35 ms of one and
// 19 MiB, and in the process of the server every request would wait for both, and
// for the collector that comes after them (threat T176).
//
// A worker is the program itself, started again. It reads questions from standard
// input and writes answers to standard output until the input ends, which it does
// when the server does, however that ends. What is asked for a hash is never
// written anywhere else.
package hashing
