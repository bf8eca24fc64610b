// Judges a log folder with Go's checksum database packages: key, checkpoint-<size>, tile/..., claims.
// Any disagreement goes to standard error and ends the program with status 1. Prints the verifier key
// it derives from the seed and, for each checkpoint, its own signed note, joined by form feeds.
package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

var folder = os.Args[1]

func main() {
	key := strings.Split(read("key"), "\n")
	name, ours := key[0], key[2]
	seed, err := hex.DecodeString(key[1])
	must(err, "seed")
	vkey, signer := derive(name, seed)

	verifier, err := note.NewVerifier(ours)
	must(err, "verifier key "+ours)
	answers := []string{vkey}
	trees := map[int64]tlog.Tree{}
	names, err := filepath.Glob(filepath.Join(folder, "checkpoint-*"))
	must(err, "list checkpoints")
	for _, path := range names {
		size, err := strconv.ParseInt(strings.TrimPrefix(filepath.Base(path), "checkpoint-"), 10, 64)
		must(err, path)
		trees[size] = checkpoint(size, verifier)
	}
	for _, size := range sorted(trees) {
		signed, err := note.Sign(&note.Note{Text: string(tlog.FormatTree(trees[size]))}, signer)
		must(err, "sign")
		answers = append(answers, string(signed))
	}
	claims := strings.Split(strings.TrimSpace(read("claims")), "\n")
	for _, line := range claims {
		judge(line, trees)
	}
	check(len(trees) > 0 && len(claims) >= len(trees), "there is nothing to judge")
	fmt.Print(strings.Join(answers, "\f"))
}

// derive makes the keys of an Ed25519 seed as this package prints and reads them.
func derive(name string, seed []byte) (string, note.Signer) {
	public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	vkey, err := note.NewEd25519VerifierKey(name, public)
	must(err, "derive verifier key")
	id := strings.Split(vkey, "+")[1]
	typed := append([]byte{1}, seed...)
	signer, err := note.NewSigner("PRIVATE+KEY+" + name + "+" + id + "+" + base64.StdEncoding.EncodeToString(typed))
	must(err, "derive signer")
	return vkey, signer
}

// checkpoint opens a signed checkpoint and recomputes its root from the tiles.
func checkpoint(size int64, verifier note.Verifier) tlog.Tree {
	file := fmt.Sprintf("checkpoint-%d", size)
	opened, err := note.Open([]byte(read(file)), note.VerifierList(verifier))
	must(err, file)
	check(len(opened.Sigs) == 1 && len(opened.UnverifiedSigs) == 0, file+": signatures")
	tree, err := tlog.ParseTree([]byte(opened.Text))
	must(err, file)
	check(tree.N == size, file+": another size")
	root, err := tlog.TreeHash(size, reader(tree))
	must(err, file+": root from tiles")
	check(root == tree.Hash, file+": the tiles have another root")
	return tree
}

// judge compares a claimed proof with Go's own and lets Go check it.
func judge(line string, trees map[int64]tlog.Tree) {
	fields := strings.Fields(line)
	size, err := strconv.ParseInt(fields[1], 10, 64)
	must(err, line)
	other, err := strconv.ParseInt(fields[2], 10, 64)
	must(err, line)
	var proof []tlog.Hash
	for _, field := range fields[3:] {
		hash, err := tlog.ParseHash(field)
		must(err, line)
		proof = append(proof, hash)
	}
	tree := trees[size]
	switch fields[0] {
	case "inclusion":
		leaf := tlog.RecordHash([]byte(fmt.Sprintf("entry %d", other)))
		must(tlog.CheckRecord(proof, size, tree.Hash, other, leaf), line)
		own, err := tlog.ProveRecord(size, other, reader(tree))
		must(err, line)
		check(fmt.Sprint([]tlog.Hash(own)) == fmt.Sprint(proof), line+": another proof")
	case "consistency":
		must(tlog.CheckTree(proof, size, tree.Hash, other, trees[other].Hash), line)
		own, err := tlog.ProveTree(size, other, reader(tree))
		must(err, line)
		check(fmt.Sprint([]tlog.Hash(own)) == fmt.Sprint(proof), line+": another proof")
	default:
		check(false, line)
	}
}

func reader(tree tlog.Tree) tlog.HashReader {
	return tlog.TileHashReader(tree, tiles{})
}

// tiles reads the folder's tiles; tlog verifies each against the tree's root.
type tiles struct{}

func (tiles) Height() int                     { return 8 }
func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		// The checksum database names the height in the path, tlog-tiles does not.
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		content, err := os.ReadFile(filepath.Join(folder, path))
		if err != nil {
			return nil, err
		}
		all = append(all, content)
	}
	return all, nil
}

func sorted(trees map[int64]tlog.Tree) []int64 {
	var sizes []int64
	for size := range trees {
		sizes = append(sizes, size)
	}
	sort.Slice(sizes, func(i, j int) bool { return sizes[i] < sizes[j] })
	return sizes
}

func read(name string) string {
	content, err := os.ReadFile(filepath.Join(folder, name))
	must(err, name)
	return string(content)
}

func must(err error, what string) {
	if err != nil {
		check(false, what+": "+err.Error())
	}
}

func check(right bool, what string) {
	if !right {
		fmt.Fprintln(os.Stderr, what)
		os.Exit(1)
	}
}
