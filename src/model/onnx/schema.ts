/**
 * The part of ONNX's file format that models in the supported operators use, with the field numbers of `onnx.proto`.
 * Fields that are not listed are skipped when read.
 */
import protobuf from "protobufjs/light.js";

/** A file. Absent fields stay absent; 64-bit integers are numbers. */
export type ModelProto = {
  readonly irVersion?: number;
  readonly producerName?: string;
  readonly graph?: GraphProto;
  readonly opsetImport?: readonly OperatorSetIdProto[];
};

export type OperatorSetIdProto = { readonly domain?: string; readonly version?: number };

export type GraphProto = {
  readonly name?: string;
  readonly node?: readonly NodeProto[];
  readonly initializer?: readonly TensorProto[];
  readonly sparseInitializer?: readonly SparseTensorProto[];
  readonly input?: readonly ValueInfoProto[];
  readonly output?: readonly ValueInfoProto[];
};

export type NodeProto = {
  readonly input?: readonly string[];
  readonly output?: readonly string[];
  readonly name?: string;
  readonly opType?: string;
  readonly domain?: string;
  readonly attribute?: readonly AttributeProto[];
};

export type AttributeProto = {
  readonly name?: string;
  readonly type?: number;
  readonly f?: number;
  readonly i?: number;
  readonly s?: Uint8Array;
  readonly t?: TensorProto;
  readonly floats?: readonly number[];
  readonly ints?: readonly number[];
  readonly strings?: readonly Uint8Array[];
};

export type TensorProto = {
  readonly name?: string;
  readonly dims?: readonly number[];
  readonly dataType?: number;
  readonly rawData?: Uint8Array;
  readonly floatData?: readonly number[];
  readonly int32Data?: readonly number[];
  readonly stringData?: readonly Uint8Array[];
  readonly int64Data?: readonly number[];
  readonly doubleData?: readonly number[];
  readonly uint64Data?: readonly number[];
  readonly externalData?: readonly { readonly key?: string; readonly value?: string }[];
  readonly dataLocation?: number;
};

export type SparseTensorProto = { readonly values?: TensorProto };

export type ValueInfoProto = { readonly name?: string; readonly type?: TypeProto };

/** Of other types than tensors only the tag is read. */
export type TypeProto = {
  readonly tensorType?: { readonly elemType?: number; readonly shape?: TensorShapeProto };
  readonly sequenceType?: Uint8Array;
  readonly mapType?: Uint8Array;
};

export type TensorShapeProto = { readonly dim?: readonly DimensionProto[] };
export type DimensionProto = { readonly dimValue?: number; readonly dimParam?: string };

/** The numbers of `AttributeProto.AttributeType`. */
export const ATTRIBUTE = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7, strings: 8 } as const;

/** The numbers of `TensorProto.DataType`. */
export const ELEMENT = {
  float: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  double: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
} as const;

/** `TensorProto.DataLocation.EXTERNAL`. */
export const EXTERNAL = 1;

const one = (type: string, id: number) => ({ type, id });
const many = (type: string, id: number) => ({ type, id, rule: "repeated" });
const packed = (type: string, id: number) => ({ ...many(type, id), options: { packed: true } });

const root = protobuf.Root.fromJSON({
  nested: {
    Model: {
      fields: {
        irVersion: one("int64", 1),
        producerName: one("string", 2),
        graph: one("Graph", 7),
        opsetImport: many("OperatorSetId", 8),
      },
    },
    OperatorSetId: { fields: { domain: one("string", 1), version: one("int64", 2) } },
    Graph: {
      fields: {
        node: many("Node", 1),
        name: one("string", 2),
        initializer: many("Tensor", 5),
        input: many("ValueInfo", 11),
        output: many("ValueInfo", 12),
        sparseInitializer: many("SparseTensor", 15),
      },
    },
    Node: {
      fields: {
        input: many("string", 1),
        output: many("string", 2),
        name: one("string", 3),
        opType: one("string", 4),
        attribute: many("Attribute", 5),
        domain: one("string", 7),
      },
    },
    Attribute: {
      fields: {
        name: one("string", 1),
        f: one("float", 2),
        i: one("int64", 3),
        s: one("bytes", 4),
        t: one("Tensor", 5),
        floats: many("float", 7),
        ints: many("int64", 8),
        strings: many("bytes", 9),
        type: one("int32", 20),
      },
    },
    Tensor: {
      fields: {
        dims: many("int64", 1),
        dataType: one("int32", 2),
        floatData: packed("float", 4),
        int32Data: packed("int32", 5),
        stringData: many("bytes", 6),
        int64Data: packed("int64", 7),
        name: one("string", 8),
        rawData: one("bytes", 9),
        doubleData: packed("double", 10),
        uint64Data: packed("uint64", 11),
        externalData: many("Entry", 13),
        dataLocation: one("int32", 14),
      },
    },
    Entry: { fields: { key: one("string", 1), value: one("string", 2) } },
    SparseTensor: { fields: { values: one("Tensor", 1) } },
    ValueInfo: { fields: { name: one("string", 1), type: one("Type", 2) } },
    Type: { fields: { tensorType: one("TensorType", 1), sequenceType: one("bytes", 4), mapType: one("bytes", 5) } },
    TensorType: { fields: { elemType: one("int32", 1), shape: one("TensorShape", 2) } },
    TensorShape: { fields: { dim: many("Dimension", 1) } },
    Dimension: { fields: { dimValue: one("int64", 1), dimParam: one("string", 2) } },
  },
});

/** The message that a file is. */
export const MODEL = root.lookupType("Model");
