# SPDX-License-Identifier: MIT
# pymongo against examples/mongo_answer: mongo_drivers.py PORT COMPRESSORS
import sys

import pymongo

port, compressors = int(sys.argv[1]), sys.argv[2]
options = {"compressors": compressors} if compressors else {}
client = pymongo.MongoClient("127.0.0.1", port, serverSelectionTimeoutMS=20000, **options)
assert client.admin.command("ping")["ok"] == 1.0
cars = client.shop.cars
assert cars.insert_one({"maker": "Benz"}).inserted_id is not None
assert len(cars.insert_many([{"n": i, "text": "x" * 100} for i in range(500)]).inserted_ids) == 500
found = list(cars.find())
assert len(found) == 501, len(found)
assert found[0]["maker"] == "Benz" and found[500]["n"] == 499
client.shop.get_collection(
    "cars", write_concern=pymongo.WriteConcern(w=0)).insert_one({"w": 0})
while len(list(cars.find())) != 502:  # no reply says when it is there
    pass
try:
    client.shop.command("dance")
    raise SystemExit("an unknown command succeeded")
except pymongo.errors.OperationFailure as error:
    assert error.code == 59, error
client.close()
print("pymongo", pymongo.version, "is content", compressors)
