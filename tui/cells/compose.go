package cells

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// composed holds, for each combining mark, the ASCII letters that it stands on
// and what they look like with it. macOS stores names in this form, and the
// renderer takes every ASCII byte for a cell of its own and drops a mark behind
// it; so the letter has to come as one.
var composed = map[rune]string{
	'\u0300': "AÀEÈIÌNǸOÒUÙaàeèiìnǹoòuù",
	'\u0301': "AÁCĆEÉGǴIÍLĹNŃOÓRŔSŚUÚYÝZŹaácćeégǵiílĺnńoórŕsśuúyýzź",
	'\u0302': "AÂCĈEÊGĜHĤIÎJĴOÔSŜUÛWŴYŶaâcĉeêgĝhĥiîjĵoôsŝuûwŵyŷ",
	'\u0303': "AÃIĨNÑOÕUŨaãiĩnñoõuũ",
	'\u0304': "AĀEĒIĪOŌUŪaāeēiīoōuū",
	'\u0306': "AĂEĔGĞIĬOŎUŬaăeĕgğiĭoŏuŭ",
	'\u0307': "CĊEĖGĠIİZŻcċeėgġzż",
	'\u0308': "AÄEËIÏOÖUÜYŸaäeëiïoöuüyÿ",
	'\u030a': "AÅUŮaåuů",
	'\u030b': "OŐUŰoőuű",
	'\u030c': "CČDĎEĚGǦLĽNŇRŘSŠTŤZŽcčdďeěgǧlľnňrřsštťzž",
	'\u0327': "CÇGĢKĶLĻNŅRŖSŞTŢcçgģkķlļnņrŗsştţ",
	'\u0328': "AĄEĘIĮUŲaąeęiįuų",
}

// compose returns the ASCII letter at the beginning of s together with the marks
// on it as one letter, or alone if there is none such, and how many bytes of s
// that is.
func compose(s string) (string, int) {
	letter, n := s[:1], 1
	for n < len(s) {
		r, size := utf8.DecodeRuneInString(s[n:])
		if !unicode.Is(unicode.M, r) {
			break
		}
		if pairs := composed[r]; len(letter) == 1 {
			if i := strings.Index(pairs, letter); i >= 0 {
				_, size := utf8.DecodeRuneInString(pairs[i+1:])
				letter = pairs[i+1 : i+1+size]
			}
		}
		n += size
	}
	return letter, n
}
