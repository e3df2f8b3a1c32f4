/* One layer of an LSTM over whole sequences, forward and backward, on one core.
 *
 * PyTorch and oneDNN compute a step's products, write the gates out, and read them again for the
 * curves; with 32 units that costs more than the arithmetic. Here a tile of a few windows and LANES
 * units stays in registers from the products to the new state, and nothing is transposed: vectors
 * lie along the units, as rows do in memory.
 *
 *     i, f, o = sigmoid(W x_t + U h_p + b),  g = tanh(W x_t + U h_p + b)
 *     c_t = f * c_p + i * g,                 h_t = o * tanh(c_t)
 *
 * where p is the step before t: t - 1, or t + 1 in reverse (Hochreiter and Schmidhuber 1997, with
 * the forget gate of Gers et al. 2000; the gates' order is PyTorch's).
 *
 * All arrays are float32 and contiguous, sizes in elements: T steps, B windows, F features and H
 * units. F and H are multiples of LANES; whoever has other sizes pads them with zeros, which stay
 * zeros. Only weights and biases come unpadded, as PyTorch keeps them. harken/networks/fused_lstm.py
 * calls this and says what the arrays hold.
 *
 * Compiled once for each set of instructions, see hatch_build.py. The vectors are those of GCC and
 * Clang.
 */

#include <immintrin.h>

#ifdef __AVX512F__
#define LANES 16
#define ROWS 6 /* windows of a tile: 24 sums and 4 weights of 32 registers */
#define LOWER(a, b) _mm512_min_ps(a, b)
#define HIGHER(a, b) _mm512_max_ps(a, b)
#else
#define LANES 8
#define ROWS 3 /* windows of a tile: 12 sums and 4 weights of 16 registers */
#define LOWER(a, b) _mm256_min_ps(a, b)
#define HIGHER(a, b) _mm256_max_ps(a, b)
#endif

#define COLUMNS 4 /* vectors of a tile's row */
#define GATES 4
#define KEPT (GATES + 1) /* of a unit and step, for the way back: its gates and the cell's tanh */

/* All rows from `at` up to n; what is over after whole tiles in pairs, for one row alone costs
 * nearly as much as three. */
#define IN_TILES(at, n)                                                                            \
    do {                                                                                           \
        for (; at + ROWS <= n; at += ROWS) TILE(ROWS);                                             \
        for (; at + 2 <= n; at += 2) TILE(2);                                                      \
        for (; at < n; at++) TILE(1);                                                              \
    } while (0)

typedef float vec __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
/* Its loops over rows and columns are unrolled only where both are known, so all is inlined. */
#define INLINE static inline __attribute__((always_inline))

INLINE vec load(const float *p) { return *(const vec *)p; }
INLINE void store(float *p, vec v) { *(vec *)p = v; }
/* a - 0 is a for every a, which a + 0 is not for -0: the subtraction costs nothing. */
INLINE vec all(float a) { return a - (vec){0}; }

/* tanh as the odd rational function of degree 9 / 8 whose relative error on [-8, 8] is least
 * (fitted by weighted least squares: 6e-9; in float32 an error of 3e-7 remains). Beyond 8 tanh is 1
 * to that. What is no number stays none: of a comparison with one, the second is taken. */
INLINE vec tanh_of(vec x) {
    const vec c = HIGHER(all(-8), LOWER(all(8), x)), u = c * c;
    const vec above = (((1.52318181e-8f * u + 2.18956564e-5f) * u + 3.57165799e-3f) * u
                       + 1.34445484e-1f) * u + 9.99999994e-1f;
    const vec below = (((8.52301453e-7f * u + 3.41139037e-4f) * u + 2.61646707e-2f) * u
                       + 4.67778757e-1f) * u + 1.0f;
    return c * above / below;
}

INLINE vec sigmoid_of(vec x) { return 0.5f + 0.5f * tanh_of(0.5f * x); }

/* Weights as PyTorch keeps them: w_ih (4 units, features), w_hh (4 units, units). */
typedef struct {
    long features, units;
    const float *w_ih, *w_hh;
} Weights;

/* The weight of a gate's unit for column k of [x, output before], as if all were padded. */
INLINE float weight_of(const Weights *from, long F, long gate, long unit, long k) {
    if (unit >= from->units) return 0;
    const long row = gate * from->units + unit;
    if (k < F) return k < from->features ? from->w_ih[row * from->features + k] : 0;
    return k - F < from->units ? from->w_hh[row * from->units + k - F] : 0;
}

/* As the forward kernel reads them: (H / LANES, F + H, 4, LANES). */
static void pack_by_unit(const Weights *from, long F, long H, float *w) {
    for (long u = 0; u < H; u += LANES)
        for (long k = 0; k < F + H; k++)
            for (long gate = 0; gate < GATES; gate++)
                for (long unit = u; unit < u + LANES; unit++)
                    *w++ = weight_of(from, F, gate, unit, k);
}

/* (4 units) as the forward kernel reads it: (H / LANES, 4, LANES). */
static void pack_bias(long units, long H, const float *bias, float *b) {
    for (long u = 0; u < H; u += LANES)
        for (long gate = 0; gate < GATES; gate++)
            for (long unit = u; unit < u + LANES; unit++)
                *b++ = unit < units ? bias[gate * units + unit] : 0;
}

/* As the backward kernel reads them: four vectors of columns after another (group, 4 H, 4, LANES),
 * the last group of as many as are left. */
static void pack_by_column(const Weights *from, long F, long H, float *w) {
    for (long first = 0; first < F + H; first += COLUMNS * LANES) {
        const long after = first + COLUMNS * LANES < F + H ? first + COLUMNS * LANES : F + H;
        for (long gate = 0; gate < GATES; gate++)
            for (long unit = 0; unit < H; unit++)
                for (long k = first; k < after; k++) *w++ = weight_of(from, F, gate, unit, k);
    }
}

/* sum[r][v] += a[r, k] * w[k, v] over n values of k. A step in k is a_step and w_step elements, one
 * in r is a_row. */
INLINE void add_products(const int rows, const int columns, vec sum[ROWS][COLUMNS], long n,
                         const float *a, long a_row, long a_step, const float *w, long w_step) {
    for (long k = 0; k < n; k++, a += a_step, w += w_step) {
        vec weight[COLUMNS];
        for (int v = 0; v < columns; v++) weight[v] = load(w + v * LANES);
        for (int r = 0; r < rows; r++) {
            const vec factor = all(a[r * a_row]);
            for (int v = 0; v < columns; v++) sum[r][v] += factor * weight[v];
        }
    }
}

/* Some windows, LANES units, one step. `w` holds for each feature, then for each unit before, the
 * weights of the four gates. */
INLINE void step_tile(const int rows, long F, long H, const float *w, const float *bias,
                      const float *x, const float *h_before, const float *c_before,
                      float *kept, float *c, float *h) {
    const long w_step = GATES * LANES;
    vec sum[ROWS][COLUMNS];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < GATES; v++) sum[r][v] = load(bias + v * LANES);
    add_products(rows, GATES, sum, F, x, F, 1, w, w_step);
    add_products(rows, GATES, sum, H, h_before, H, 1, w + F * w_step, w_step);
    for (int r = 0; r < rows; r++) {
        const vec i = sigmoid_of(sum[r][0]), f = sigmoid_of(sum[r][1]);
        const vec g = tanh_of(sum[r][2]), o = sigmoid_of(sum[r][3]);
        const vec cell = f * load(c_before + r * H) + i * g;
        const vec tanh_c = tanh_of(cell);
        float *keep = kept + r * KEPT * H;
        store(keep, i);
        store(keep + H, f);
        store(keep + 2 * H, g);
        store(keep + 3 * H, o);
        store(keep + 4 * H, tanh_c);
        store(c + r * H, cell);
        store(h + r * H, o * tanh_c);
    }
}

/* w_ih (4 units, features), w_hh (4 units, units), bias (4 units), x (T, B, F), h_0 and c_0 (B, H);
 * gives h and c (T, B, H) and kept (T, B, 5, H), or (B, 5, H) where only outputs are wanted. room
 * (F + H + 1, 4, H) is to work in. */
void lstm_forward(long T, long B, long F, long H, long features, long units, int reverse,
                  int keeps, const float *w_ih, const float *w_hh, const float *bias,
                  const float *x, const float *h_0, const float *c_0, float *room, float *h,
                  float *c, float *kept) {
    float *w = room, *b = room + (F + H) * GATES * H;
    pack_by_unit(&(Weights){features, units, w_ih, w_hh}, F, H, w);
    pack_bias(units, H, bias, b);
    for (long n = 0; n < T; n++) {
        const long t = reverse ? T - 1 - n : n, before = reverse ? t + 1 : t - 1;
        const float *x_t = x + t * B * F;
        const float *h_before = n ? h + before * B * H : h_0;
        const float *c_before = n ? c + before * B * H : c_0;
        float *h_t = h + t * B * H, *c_t = c + t * B * H;
        float *kept_t = kept + (keeps ? t * B * KEPT * H : 0);
        for (long u = 0; u < H; u += LANES) {
            const float *w_u = w + u * GATES * (F + H), *bias_u = b + u * GATES;
            long s = 0;
#define TILE(rows)                                                                                 \
    step_tile(rows, F, H, w_u, bias_u, x_t + s * F, h_before + s * H, c_before + s * H + u,        \
              kept_t + s * KEPT * H + u, c_t + s * H + u, h_t + s * H + u)
            IN_TILES(s, B);
#undef TILE
        }
    }
}

/* What a step's gates should change, before their curves (B, 4, H), from what its output and its
 * cell should; d_c becomes that of the cell before. Adds to d_bias (4, H). */
static void gate_gradients(long B, long H, const float *kept, const float *c_before,
                           const float *d_h, const float *d_h_later, float *d_c, float *d_gates,
                           float *d_bias) {
    const vec one = all(1);
    for (long u = 0; u < H; u += LANES) {
        vec sum[GATES];
        for (int v = 0; v < GATES; v++) sum[v] = load(d_bias + v * H + u);
        for (long s = 0; s < B; s++) {
            const long at = s * H + u;
            const float *of = kept + s * KEPT * H + u;
            const vec i = load(of), f = load(of + H), g = load(of + 2 * H), o = load(of + 3 * H);
            const vec tanh_c = load(of + 4 * H);
            const vec d_out = load(d_h + at) + load(d_h_later + at);
            const vec d_cell = load(d_c + at) + d_out * o * (one - tanh_c * tanh_c);
            store(d_c + at, d_cell * f);
            const vec d_gate[GATES] = {
                d_cell * g * i * (one - i),
                d_cell * load(c_before + at) * f * (one - f),
                d_cell * i * (one - g * g),
                d_out * tanh_c * o * (one - o),
            };
            for (int v = 0; v < GATES; v++) {
                store(d_gates + (s * GATES + v) * H + u, d_gate[v]);
                sum[v] += d_gate[v];
            }
        }
        for (int v = 0; v < GATES; v++) store(d_bias + v * H + u, sum[v]);
    }
}

/* Columns `first` and on of d_gates times the weights; the first F are those of x, the rest those
 * of the output before. */
INLINE void input_tile(const int rows, const int columns, long F, long H, long first,
                       const float *w, const float *d_gates, float *d_x, float *d_h_before) {
    vec sum[ROWS][COLUMNS];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < columns; v++) sum[r][v] = all(0);
    add_products(rows, columns, sum, GATES * H, d_gates, GATES * H, 1, w, columns * LANES);
    for (int v = 0; v < columns; v++) {
        const long column = first + v * LANES;
        for (int r = 0; r < rows; r++)
            store(column < F ? d_x + r * F + column : d_h_before + r * H + column - F, sum[r][v]);
    }
}

INLINE void input_columns(const int columns, long B, long F, long H, long first, const float *w,
                          const float *d_gates, float *d_x, float *d_h_before) {
    long s = 0;
#define TILE(rows)                                                                                 \
    input_tile(rows, columns, F, H, first, w, d_gates + s * GATES * H, d_x + s * F,                \
               d_h_before + s * H)
    IN_TILES(s, B);
#undef TILE
}

static void input_gradients(long B, long F, long H, const float *w, const float *d_gates,
                            float *d_x, float *d_h_before) {
    long first = 0;
#define SOME(columns) input_columns(columns, B, F, H, first, w + first * GATES * H, d_gates, d_x, d_h_before)
    for (; first + COLUMNS * LANES <= F + H; first += COLUMNS * LANES) SOME(COLUMNS);
    switch ((F + H - first) / LANES) {
    case 3: SOME(3); break;
    case 2: SOME(2); break;
    case 1: SOME(1); break;
    }
#undef SOME
}

/* Adds to d_w (K, 4, H) what K inputs of a step (B, K) contribute. */
INLINE void weight_tile(const int rows, long B, long K, long H, const float *input,
                        const float *d_gates, float *d_w) {
    vec sum[ROWS][COLUMNS];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < COLUMNS; v++) sum[r][v] = load(d_w + r * GATES * H + v * LANES);
    add_products(rows, COLUMNS, sum, B, input, 1, K, d_gates, GATES * H);
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < COLUMNS; v++) store(d_w + r * GATES * H + v * LANES, sum[r][v]);
}

static void weight_gradients(long B, long K, long H, const float *input, const float *d_gates,
                             float *d_w) {
    for (long column = 0; column < GATES * H; column += COLUMNS * LANES) {
        long k = 0;
#define TILE(rows)                                                                                 \
    weight_tile(rows, B, K, H, input + k, d_gates + column, d_w + k * GATES * H + column)
        IN_TILES(k, K);
#undef TILE
    }
}

/* Weights, x, h, c, kept as `lstm_forward` took and gave them; d_h (T, B, H) for all outputs. d_h_0
 * (B, H) is that of the last output beyond this, and becomes that of h_0; d_c (B, H) that of the
 * last cell, and becomes that of c_0. room (F + H + B, 4, H) is to work in. Gives d_x (T, B, F) and
 * adds to d_w (F + H, 4, H) and d_bias (4, H). */
void lstm_backward(long T, long B, long F, long H, long features, long units, int reverse,
                   const float *w_ih, const float *w_hh, const float *x, const float *h_0,
                   const float *c_0, const float *h, const float *c, const float *kept,
                   const float *d_h, float *room, float *d_h_0, float *d_c, float *d_x,
                   float *d_w, float *d_bias) {
    float *w = room, *d_gates = room + (F + H) * GATES * H;
    pack_by_column(&(Weights){features, units, w_ih, w_hh}, F, H, w);
    for (long n = T - 1; n >= 0; n--) {
        const long t = reverse ? T - 1 - n : n, before = reverse ? t + 1 : t - 1;
        const float *x_t = x + t * B * F;
        const float *h_before = n ? h + before * B * H : h_0;
        const float *c_before = n ? c + before * B * H : c_0;
        gate_gradients(B, H, kept + t * B * KEPT * H, c_before, d_h + t * B * H, d_h_0, d_c,
                       d_gates, d_bias);
        input_gradients(B, F, H, w, d_gates, d_x + t * B * F, d_h_0);
        weight_gradients(B, F, H, x_t, d_gates, d_w);
        weight_gradients(B, H, H, h_before, d_gates, d_w + F * GATES * H);
    }
}

/* Floats in a vector, to which F and H are to be padded. */
int lstm_lanes(void) { return LANES; }

/* Of the source that this was compiled from. */
const char *lstm_source_sha256(void) { return SOURCE_SHA256; }
