// A Lambda backend in Node: lists the caller's own files. The AWS SDK is part of Lambda's Node runtimes.

import { contextOf, credentialsOf } from "./credentials.mjs";

export async function handler(event) {
  const { S3Client, ListObjectsV2Command } = await import("@aws-sdk/client-s3");
  const s3 = new S3Client({ credentials: await credentialsOf(event) });
  const Prefix = `home/${contextOf(event).sub}/`;
  const listed = await s3.send(new ListObjectsV2Command({ Bucket: process.env.DATA_BUCKET, Prefix }));
  return { statusCode: 200, body: JSON.stringify({ files: (listed.Contents ?? []).map(({ Key }) => Key) }) };
}
