// SPDX-License-Identifier: MIT
// The Node driver against examples/mongo_answer: mongo_drivers.js PORT COMPRESSORS
const assert = require('assert');
const { MongoClient } = require('mongodb');

async function main(port, compressors) {
    const options = compressors ? `?compressors=${compressors}` : '';
    const client = new MongoClient(`mongodb://127.0.0.1:${port}/${options}`);
    await client.connect();
    assert.strictEqual((await client.db('admin').command({ ping: 1 })).ok, 1);
    const cars = client.db('shop').collection('cars');
    assert((await cars.insertOne({ maker: 'Benz' })).insertedId);
    const many = Array.from({ length: 500 }, (_, n) => ({ n, text: 'x'.repeat(100) }));
    assert.strictEqual((await cars.insertMany(many)).insertedCount, 500);
    const found = await cars.find().toArray();
    assert.strictEqual(found.length, 501);
    assert.strictEqual(found[0].maker, 'Benz');
    await assert.rejects(client.db('shop').command({ dance: 1 }), { code: 59 });
    await client.close();
    console.log('the Node driver is content', compressors);
}

main(...process.argv.slice(2)).catch((error) => {
    console.error(error);
    process.exit(1);
});
