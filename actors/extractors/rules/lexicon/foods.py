"""What is eaten and drunk: nobody is in it, though somebody gets into it."""

FOODS = frozenset(
    {
        *("salad", "soup", "stew", "porridge", "custard", "jam", "jelly", "honey", "butter"),
        *("cream", "milk", "tea", "coffee", "cocoa", "juice", "lemonade", "gravy", "sauce"),
        *("syrup", "treacle", "batter", "dough", "flour", "sugar", "salt", "rice", "pasta"),
        *("spaghetti", "noodle", "macaroni", "pudding", "trifle", "pie", "tart", "cake", "bun"),
        *("muffin", "biscuit", "cookie", "pancake", "waffle", "sandwich", "toast", "bread"),
        *("loaf", "roll", "pizza", "burger", "sausage", "ham", "bacon", "egg", "omelette"),
        *("cheese", "yoghurt", "yogurt", "ice-cream", "icing", "chocolate", "sweet", "toffee"),
        *("apple", "pear", "plum", "peach", "orange", "lemon", "mango", "melon", "cherry"),
        *("strawberry", "banana", "grape", "tomato", "carrot", "potato", "pea", "bean"),
        *("cabbage", "lettuce", "onion", "turnip", "radish", "mash", "dumpling", "curry"),
        *("breakfast", "lunch", "dinner", "supper", "picnic", "meal", "snack", "feast"),
    }
)
