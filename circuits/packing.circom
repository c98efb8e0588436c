pragma circom 2.2.2;

// How fields become field elements: one after the other from the lowest bit on; a field that would pass bit 252 starts
// the next element. So an element is below 2^252, and nothing wraps.

// Where a field of so many bits begins in its element, when the fields before it in that element use so many.
function beginOf(used, bits) {
    return used + bits > 252 ? 0 : used;
}

// How many elements fields of these widths take.
function elementCount(COUNT, BITS) {
    var count = 1;
    var used = 0;
    for (var i = 0; i < COUNT; i++) {
        var begin = beginOf(used, BITS[i]);
        count += begin < used ? 1 : 0;
        used = begin + BITS[i];
    }
    return count;
}
