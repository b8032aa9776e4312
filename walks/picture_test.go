package walks_test

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// tallest is where a picture of a long list ends.
const tallest = 1000

// writePicture keeps a PNG with at most 256 colours, which is small.
func writePicture(folder, name string, data []byte) error {
	original, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return err
	}
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&b, paletted(original)); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, name+".png"), b.Bytes(), 0o600)
}

// paletted draws a picture with its most frequent colours.
func paletted(original image.Image) *image.Paletted {
	count := map[color.RGBA]int{}
	bounds := original.Bounds()
	bounds.Max.Y = min(bounds.Max.Y, tallest)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			count[color.RGBAModel.Convert(original.At(x, y)).(color.RGBA)]++
		}
	}
	colours := make([]color.RGBA, 0, len(count))
	for c := range count {
		colours = append(colours, c)
	}
	slices.SortFunc(colours, func(a, b color.RGBA) int {
		return cmp.Or(count[b]-count[a], cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G), cmp.Compare(a.B, b.B))
	})
	palette := make(color.Palette, 0, 256)
	for _, c := range colours[:min(len(colours), 256)] {
		palette = append(palette, c)
	}
	p := image.NewPaletted(bounds, palette)
	draw.Draw(p, bounds, original, bounds.Min, draw.Src)
	return p
}

// A picture keeps its colours where it has few of them, and its most frequent
// ones where it has many.
func TestPaletted(t *testing.T) {
	t.Parallel()
	few := image.NewRGBA(image.Rect(0, 0, 4, 1))
	few.Set(1, 0, color.RGBA{R: 255, A: 255})
	many := image.NewRGBA(image.Rect(0, 0, 40, 40))
	for i := range 40 * 40 {
		c := color.RGBA{R: uint8(i), G: uint8(i >> 8), A: 255}
		if i%2 == 0 {
			c = color.RGBA{B: 255, A: 255}
		}
		many.SetRGBA(i%40, i/40, c)
	}
	if p := paletted(few); len(p.Palette) != 2 || p.At(1, 0) != (color.RGBA{R: 255, A: 255}) {
		t.Errorf("few colours: %v, %v", p.Palette, p.At(1, 0))
	}
	if p := paletted(many); len(p.Palette) != 256 || p.At(0, 0) != (color.RGBA{B: 255, A: 255}) {
		t.Errorf("many colours: %d, %v", len(p.Palette), p.At(0, 0))
	}
}
