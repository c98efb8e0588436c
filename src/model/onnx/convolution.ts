import type { GraphBuilder } from "./builder.ts";
import { affine, sumRuns } from "./emit.ts";
import {
  BadNodeError,
  constantOf,
  dynamicOf,
  floatAttribute,
  intAttribute,
  intsAttribute,
  requireRank,
  UnsupportedOperatorError,
} from "./node.ts";
import type { OnnxNode } from "./node.ts";
import type { Operators } from "./operator.ts";
import { sameShape, sizeOf } from "./value.ts";
import type { Constant, Dynamic, Shape } from "./value.ts";
import { coveredBy, positionsIn, windowIndices, windowOf, zerosAround } from "./window.ts";
import type { Window } from "./window.ts";

export const CONVOLUTION: Operators = {
  Conv: convolve,
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalAveragePool: globalAveragePool,
  BatchNormalization: batchNormalization,
};

function convolve(node: OnnxNode, builder: GraphBuilder): Dynamic {
  const value = dynamicOf(node, 0);
  const weights = constantOf(node, 1);
  const [filters = 0, perGroup = 0, ...kernel] = weights.shape;
  const stated = intsAttribute(node, "kernel_shape");
  if (stated !== undefined && !sameShape(stated, kernel)) {
    throw new BadNodeError(node, `kernel_shape is [${stated.join(", ")}], its weights' [${kernel.join(", ")}]`);
  }
  const window = windowOf(node, value.shape, kernel);
  const groups = intAttribute(node, "group", 1);
  if (groups < 1 || window.channels !== perGroup * groups || filters % groups !== 0 || filters === 0) {
    throw new BadNodeError(
      node,
      `${window.channels} channels, ${groups} groups and weights of shape [${weights.shape.join(", ")}] do not fit`,
    );
  }
  const bias =
    node.inputs[2] === undefined ? new Float64Array(filters) : perChannel(node, constantOf(node, 2), filters);
  return addConv(builder, value, window, { filters, groups, weights: weights.values, bias });
}

type Filters = {
  readonly filters: number;
  readonly groups: number;
  readonly weights: Float64Array;
  readonly bias: Float64Array;
};

function addConv(builder: GraphBuilder, value: Dynamic, window: Window, { filters, groups, weights, bias }: Filters) {
  const { channels, down, across } = window;
  const geometry = {
    channels,
    height: down.length,
    width: across.length,
    filters,
    kernel: [down.kernel, across.kernel],
    strides: [down.stride, across.stride],
    dilations: [down.dilation, across.dilation],
    pads: zerosAround(window),
    groups,
  } as const;
  const shape = window.shape(filters);
  const tensor = builder.add({ kind: "conv", input: value.tensor, geometry, weights, bias }, sizeOf(shape));
  return { ...value, shape, tensor };
}

function poolOf(node: OnnxNode, shape: Shape): Window {
  const kernel = intsAttribute(node, "kernel_shape");
  if (kernel === undefined) throw new BadNodeError(node, "it has no kernel_shape");
  return windowOf(node, shape, kernel);
}

function maxPool(node: OnnxNode, builder: GraphBuilder): Dynamic {
  const value = dynamicOf(node, 0);
  const window = poolOf(node, value.shape);
  const { channels, down, across } = window;
  const length = down.kernel * across.kernel;
  const plane = down.length * across.length;
  const shape = window.shape(channels);
  const indices = new Int32Array(sizeOf([sizeOf(shape), length]));
  let at = 0;
  for (let channel = 0; channel < channels; channel++) {
    for (const [row, column] of positionsIn(window)) {
      const read = windowIndices(window, row, column);
      if (read.every((index) => index === -1)) throw new UnsupportedOperatorError(node, "a window lies in the padding");
      indices.set(
        read.map((index) => (index === -1 ? -1 : channel * plane + index)),
        at,
      );
      at += length;
    }
  }
  const tensor = builder.add({ kind: "max", input: value.tensor, length, indices }, sizeOf(shape));
  return { ...value, shape, tensor };
}

/** A sum by a filter for each channel, divided by how many elements the window covers there. */
function averagePool(node: OnnxNode, builder: GraphBuilder): Dynamic {
  const value = dynamicOf(node, 0);
  const window = poolOf(node, value.shape);
  const countsPadding = intAttribute(node, "count_include_pad", 0) !== 0;
  const counts = Array.from(positionsIn(window), ([row, column]) =>
    countsPadding
      ? coveredBy(window, row, column)
      : windowIndices(window, row, column).filter((index) => index !== -1).length,
  );
  if (counts.includes(0)) throw new UnsupportedOperatorError(node, "a window lies in the padding");

  const { channels, down, across } = window;
  const uniform = counts.every((count) => count === counts[0]);
  const weights = new Float64Array(sizeOf([channels, down.kernel, across.kernel])).fill(
    uniform ? 1 / (counts[0] as number) : 1,
  );
  const filters = { filters: channels, groups: channels, weights, bias: new Float64Array(channels) };
  const sums = addConv(builder, value, window, filters);
  if (uniform) return sums;
  const multipliers = Array.from({ length: channels }, () => counts.map((count) => 1 / count)).flat();
  return affine(builder, sums, multipliers, 0);
}

function globalAveragePool(node: OnnxNode, builder: GraphBuilder): Dynamic {
  const value = dynamicOf(node, 0);
  requireRank(node, value.shape, [3, 4]);
  const length = sizeOf(value.shape.slice(2));
  const shape = value.shape.map((dimension, axis) => (axis < 2 ? dimension : 1));
  return { ...value, shape, tensor: sumRuns(builder, value.tensor, length, 1 / length) };
}

/** With the statistics of training it is an affine function of each channel. */
function batchNormalization(node: OnnxNode, builder: GraphBuilder): Dynamic {
  const value = dynamicOf(node, 0);
  requireRank(node, value.shape, [2, 3, 4]);
  if (intAttribute(node, "training_mode", 0) !== 0 || node.outputs.slice(1).some((name) => name !== "")) {
    throw new UnsupportedOperatorError(node, "it is in training mode; export the model for inference");
  }
  const [, channels = 1, ...spatial] = value.shape;
  const [scale, bias, mean, variance] = [1, 2, 3, 4].map((index) =>
    perChannel(node, constantOf(node, index), channels),
  ) as [Float64Array, Float64Array, Float64Array, Float64Array];
  const epsilon = floatAttribute(node, "epsilon", 1e-5);
  const multipliers = scale.map((factor, channel) => factor / Math.sqrt((variance[channel] as number) + epsilon));
  if (!multipliers.every(Number.isFinite)) throw new BadNodeError(node, "a variance is not positive");
  const offsets = bias.map((offset, channel) => offset - (mean[channel] as number) * (multipliers[channel] as number));
  const plane = sizeOf(spatial);
  const size = sizeOf(value.shape);
  const spread = (numbers: Float64Array): Float64Array =>
    Float64Array.from({ length: size }, (_, index) => numbers[Math.floor(index / plane) % channels] as number);
  return affine(builder, value, spread(multipliers), spread(offsets));
}

function perChannel(node: OnnxNode, { shape, values }: Constant, channels: number): Float64Array {
  if (values.length !== channels) {
    throw new BadNodeError(
      node,
      `an input of shape [${shape.join(", ")}] should have one number for ${channels} channels`,
    );
  }
  return values;
}
